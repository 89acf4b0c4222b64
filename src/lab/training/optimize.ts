/** The training loop: epochs over shuffled samples, a learning-rate schedule, checkpoints, progress and Ctrl-C. */

import { TrainingError } from '../../core/errors.ts';
import { createRandom, shuffled, type TensorMap } from '../../core/tensor/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import { createOptimizerGraph, type OptimizerGraphOptions } from './optimizer-graph.ts';
import { cosineLearningRate, plateauLearningRate } from './schedule.ts';

/** Seconds between two checkpoints of a step under way. */
const checkpointSeconds = 60;

/** Progress of one training step: batches done, and the running loss and metrics. */
export type OptimizeProgress = (done: number, total: number, metrics: Readonly<Record<string, number>>) => void;

/** Where a training stood at the end of an epoch, counted from 1. */
export interface EpochRecord {
  readonly epoch: number;
  /** Since the start of the training, validation left out; breaks between two processes do not count. */
  readonly seconds: number;
  /** Of the validation part, 0 to 1. */
  readonly accuracy: number;
}

/** What a training comes to. */
export interface OptimizeResult {
  readonly parameters: TensorMap;
  /** One for each finished epoch; empty without `validate`. */
  readonly epochs: readonly EpochRecord[];
}

/** When a constant learning rate begins to fall, and for how long it does. */
export interface Plateau {
  readonly patience: number;
  /** Epochs that patience begins after, 0 when left out: an accuracy that has not left chance yet is no plateau. */
  readonly notBefore?: number;
  readonly decayEpochs: number;
}

/** One training by gradient descent. */
export interface OptimizeOptions<Notes> extends OptimizerGraphOptions {
  readonly checkpoint: Checkpoint;
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Measures the validation accuracy after each epoch. */
  readonly validate?: (parameters: TensorMap) => Promise<number>;
  /**
   * Keeps the learning rate until validation accuracy has not risen for `patience` epochs, or for all `epochs`, and then
   * lets it fall for `decayEpochs` more; needs `validate`. Without it the learning rate is half a cosine over `epochs`.
   */
  readonly plateau?: Plateau;
  /** Breaks off after so many epochs of all, with a checkpoint: a call without it goes on from there. */
  readonly pauseAfter?: number;
  /** Samples to train on. */
  readonly samples: readonly number[];
  /** Batch inputs of the graph for some samples at a step, counted from 0. */
  readonly batch: (samples: readonly number[], step: number) => Promise<TensorMap> | TensorMap;
  /** Called after each optimizer step with its loss and metrics; may steer what `batch` returns. */
  readonly afterStep?: (metrics: Readonly<Record<string, number>>) => void;
  /** What `afterStep` keeps between steps: saved with checkpoints, and handed back on resuming. */
  readonly notes?: { readonly save: () => Notes; readonly restore: (notes: Notes) => void };
  readonly onProgress?: OptimizeProgress;
  readonly signal?: AbortSignal;
}

/** What a checkpoint of a step under way holds beside the optimizer's state. */
interface SavedNotes<Notes> {
  readonly notes: Notes | null;
  readonly epochs: readonly EpochRecord[];
  readonly seconds: number;
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
 * Trains. Goes on from a checkpoint of the same name; saves one every minute and when aborted.
 *
 * @throws the signal's reason when aborted.
 * @throws {@link TrainingError} when the loss is no longer finite; what was saved before is kept.
 */
export async function optimize<Notes = null>(options: OptimizeOptions<Notes>): Promise<OptimizeResult> {
  const { name, checkpoint, samples, batchSize, learningRate, seed, notes, signal, validate } = options;
  const { plateau, pauseAfter = Number.POSITIVE_INFINITY } = options;
  const mostEpochs = options.epochs + (plateau?.decayEpochs ?? 0);
  const batches = batchOrder(samples, batchSize, mostEpochs, seed);
  const batchesAnEpoch = batches.length / mostEpochs;
  await using graph = await createOptimizerGraph(options);
  const resumed = await checkpoint.loadPartial<SavedNotes<Notes>>(name);
  if (resumed) graph.restore(resumed.state);
  if (resumed?.notes.notes != null) notes?.restore(resumed.notes.notes);
  const epochs: EpochRecord[] = [...(resumed?.notes.epochs ?? [])];
  const clock = stopwatch(resumed?.notes.seconds ?? 0);
  const save = (): Promise<void> =>
    checkpoint.savePartial(name, graph.state, { notes: notes?.save() ?? null, epochs, seconds: clock.seconds() });
  const decaySteps = (plateau?.decayEpochs ?? 0) * batchesAnEpoch;
  /** Step at which the learning rate begins to fall, once it is known. */
  const plateauStep = (): number | undefined => {
    const epoch = plateau && plateauEpoch(epochs, plateau, options.epochs);
    return epoch === undefined ? undefined : epoch * batchesAnEpoch;
  };
  /** Steps of all, as far as they are known. */
  const steps = (): number =>
    Math.min(batches.length, (plateauStep() ?? Infinity) + decaySteps, pauseAfter * batchesAnEpoch);
  const running: Record<string, number> = {};
  let savedAt = Date.now();
  for (let i = graph.state.step; i < steps(); i++) {
    if (signal?.aborted) {
      await save();
      signal.throwIfAborted();
    }
    const inputs = await options.batch(batches[i] as number[], i);
    const rate = plateau
      ? plateauLearningRate(learningRate, i, plateauStep(), decaySteps)
      : cosineLearningRate(learningRate, i, batches.length);
    const metrics = await graph.step(inputs, rate);
    if (!Number.isFinite(metrics.loss)) {
      throw new TrainingError(
        `the loss of step "${name}" is ${metrics.loss} after ${i + 1} batches: look for damaged pictures, or train with other settings`,
      );
    }
    options.afterStep?.(metrics);
    for (const [key, value] of Object.entries(metrics)) running[key] = 0.95 * (running[key] ?? value) + 0.05 * value;
    options.onProgress?.(i + 1, steps(), running);
    if (validate && (i + 1) % batchesAnEpoch === 0) {
      const seconds = clock.pause();
      epochs.push({ epoch: (i + 1) / batchesAnEpoch, seconds, accuracy: await validate(graph.state.parameters) });
      clock.goOn();
      await save();
      savedAt = Date.now();
    }
    if (Date.now() - savedAt > checkpointSeconds * 1000) {
      await save();
      savedAt = Date.now();
    }
    // ONNX Runtime blocks this thread; give signals and progress a turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { parameters: graph.state.parameters, epochs };
}

/** The epoch after which accuracy had not risen for `patience` epochs, or the last one; `undefined` before that. */
function plateauEpoch(epochs: readonly EpochRecord[], plateau: Plateau, last: number): number | undefined {
  const { patience, notBefore = 0 } = plateau;
  let [best, bestEpoch] = [Number.NEGATIVE_INFINITY, 0];
  for (const { epoch, accuracy } of epochs) {
    if (accuracy > best) [best, bestEpoch] = [accuracy, epoch];
    if (epoch - Math.max(bestEpoch, notBefore) >= patience || epoch === last) return epoch;
  }
  return undefined;
}

/** Measures time that can be paused, from so many seconds on. */
function stopwatch(startSeconds: number) {
  let counted = startSeconds;
  let startedAt: number | undefined = performance.now();
  const seconds = (): number => counted + (startedAt === undefined ? 0 : (performance.now() - startedAt) / 1000);
  return {
    seconds,
    pause(): number {
      counted = seconds();
      startedAt = undefined;
      return counted;
    },
    goOn(): void {
      startedAt = performance.now();
    },
  };
}
