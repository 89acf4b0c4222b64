/** Runs a graph over cached feature maps. */

import type { TensorMap } from '../../core/tensor/index.ts';
import { createGraph, input, output, type Value } from '../graph/index.ts';
import { forward, forwardRows } from './forward.ts';
import type { StepContext } from './step-context.ts';

/** Feature maps in a batch. */
const mapsBatchSize = 32;

/** Builds the graph of the outputs and the options that all runs over feature maps share. */
function mapsRun(context: StepContext, samples: readonly number[], build: (maps: Value) => Record<string, Value>) {
  const { set, runtime, signal, onProgress } = context;
  const graph = createGraph('maps');
  const outputs = build(input(graph, 'maps', 'float32', ['N', ...set.features.mapShape]));
  for (const [name, value] of Object.entries(outputs)) output(name, value);
  return {
    runtime,
    graph,
    samples,
    batchSize: mapsBatchSize,
    inputs: async (batch: readonly number[]) => ({ maps: await set.features.readMaps(batch) }),
    onProgress: (done: number, total: number) => onProgress?.(done, total, {}),
    signal,
  };
}

/**
 * Computes outputs of the feature maps of some samples, batch by batch, in order.
 *
 * @param build - Makes the outputs by name from the maps, `float32[N, C, H, W]`.
 */
export function forwardMaps(
  context: StepContext,
  samples: readonly number[],
  build: (maps: Value) => Record<string, Value>,
  onBatch: (outputs: TensorMap, samples: readonly number[]) => void,
): Promise<void> {
  return forward({ ...mapsRun(context, samples, build), onBatch });
}

/** Computes one row of `width` values a feature map, `float32[samples.length, width]`. */
export function rowsOfMaps(
  context: StepContext,
  samples: readonly number[],
  width: number,
  build: (maps: Value) => Value,
): Promise<Float32Array> {
  const run = mapsRun(context, samples, (maps) => ({ rows: build(maps) }));
  return forwardRows({ ...run, outputName: 'rows', width });
}
