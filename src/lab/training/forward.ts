/** Runs a graph over many samples in batches. */

import { pickTensor, type TensorMap } from '../../core/tensor/index.ts';
import type { Runtime } from '../../runtime/session.ts';
import { type Graph, serializeGraph } from '../graph/index.ts';

/** What to run, and what to do with the outputs of each batch. */
export interface ForwardOptions {
  readonly runtime: Runtime;
  /** A graph whose inputs have an open batch axis. */
  readonly graph: Graph;
  readonly samples: readonly number[];
  readonly batchSize: number;
  readonly inputs: (samples: readonly number[]) => Promise<TensorMap> | TensorMap;
  readonly onBatch: (outputs: TensorMap, samples: readonly number[]) => void;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs all samples, in order. @throws the signal's reason when aborted. */
export async function forward(options: ForwardOptions): Promise<void> {
  const { runtime, graph, samples, batchSize, inputs, onBatch, onProgress, signal } = options;
  await using session = await runtime.createSession(serializeGraph(graph));
  for (let first = 0; first < samples.length; first += batchSize) {
    signal?.throwIfAborted();
    const batch = samples.slice(first, first + batchSize);
    onBatch(await session.run(await inputs(batch)), batch);
    onProgress?.(first + batch.length, samples.length);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Runs all samples and returns one output as rows, `float32[samples.length, width]`, in the order of the samples. */
export async function forwardRows(
  options: Omit<ForwardOptions, 'onBatch'> & { readonly outputName: string; readonly width: number },
): Promise<Float32Array> {
  const { outputName, width, samples } = options;
  const rows = new Float32Array(samples.length * width);
  let filled = 0;
  await forward({
    ...options,
    onBatch: (outputs) => {
      const { data } = pickTensor(outputs, outputName, 'float32');
      rows.set(data, filled);
      filled += data.length;
    },
  });
  return rows;
}
