/** The training loop: epochs over shuffled samples, a learning-rate schedule, checkpoints, progress and Ctrl-C. */

import { TrainingError } from '../../core/errors.ts';
import { createRandom, shuffled, type TensorMap } from '../../core/tensor/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import { createOptimizerGraph, type OptimizerGraphOptions } from './optimizer-graph.ts';
import { cosineLearningRate } from './schedule.ts';

/** Seconds between two checkpoints of a step under way. */
const checkpointSeconds = 60;

/** Progress of one training step: batches done, and the running loss and metrics. */
export type OptimizeProgress = (done: number, total: number, metrics: Readonly<Record<string, number>>) => void;

/** One training by gradient descent. */
export interface OptimizeOptions<Notes> extends OptimizerGraphOptions {
  readonly checkpoint: Checkpoint;
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Samples to train on. */
  readonly samples: readonly number[];
  /** Batch inputs of the graph for some samples. */
  readonly batch: (samples: readonly number[]) => Promise<TensorMap> | TensorMap;
  /** Called after each optimizer step with its loss and metrics; may steer what `batch` returns. */
  readonly afterStep?: (metrics: Readonly<Record<string, number>>) => void;
  /** What `afterStep` keeps between steps: saved with checkpoints, and handed back on resuming. */
  readonly notes?: { readonly save: () => Notes; readonly restore: (notes: Notes) => void };
  readonly onProgress?: OptimizeProgress;
  readonly signal?: AbortSignal;
}

/** Samples of each batch, in order: the same for the same seed. An incomplete last batch is left out of its epoch. */
export function batchOrder(samples: readonly number[], batchSize: number, epochs: number, seed: number): number[][] {
  const random = createRandom(seed);
  const size = Math.min(batchSize, samples.length);
  return Array.from({ length: epochs }, () => shuffled(samples, random)).flatMap((order) =>
    Array.from({ length: Math.floor(order.length / size) }, (_, i) => order.slice(i * size, (i + 1) * size)),
  );
}

/**
 * Trains and returns the parameters. Goes on from a checkpoint of the same name; saves one every minute and when aborted.
 *
 * @throws the signal's reason when aborted.
 * @throws {@link TrainingError} when the loss is no longer finite; what was saved before is kept.
 */
export async function optimize<Notes = null>(options: OptimizeOptions<Notes>): Promise<TensorMap> {
  const { name, checkpoint, samples, batchSize, epochs, learningRate, seed, notes, signal } = options;
  const batches = batchOrder(samples, batchSize, epochs, seed);
  await using graph = await createOptimizerGraph(options);
  const resumed = await checkpoint.loadPartial<Notes>(name);
  if (resumed) {
    graph.restore(resumed.state);
    notes?.restore(resumed.notes);
  }
  const save = (): Promise<void> => checkpoint.savePartial(name, graph.state, notes ? notes.save() : null);
  const running: Record<string, number> = {};
  let savedAt = Date.now();
  for (let i = graph.state.step; i < batches.length; i++) {
    if (signal?.aborted) {
      await save();
      signal.throwIfAborted();
    }
    const inputs = await options.batch(batches[i] as number[]);
    const metrics = await graph.step(inputs, cosineLearningRate(learningRate, i, batches.length));
    if (!Number.isFinite(metrics.loss)) {
      throw new TrainingError(
        `the loss of step "${name}" is ${metrics.loss} after ${i + 1} batches: look for damaged pictures, or train with other settings`,
      );
    }
    options.afterStep?.(metrics);
    for (const [key, value] of Object.entries(metrics)) running[key] = 0.95 * (running[key] ?? value) + 0.05 * value;
    options.onProgress?.(i + 1, batches.length, running);
    if (Date.now() - savedAt > checkpointSeconds * 1000) {
      await save();
      savedAt = Date.now();
    }
    // ONNX Runtime blocks this thread; give signals and progress a turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return graph.state.parameters;
}
