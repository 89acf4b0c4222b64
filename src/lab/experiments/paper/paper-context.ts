/** What every configuration of the paper's experiment is run with, and the teacher that all of one seed share. */

import { join } from 'node:path';
import type { SplitPoint } from '../../../core/model/index.ts';
import { createRandom, shuffled, type TensorMap } from '../../../core/tensor/index.ts';
import type { Runtime } from '../../../runtime/session.ts';
import { roundForStorage } from '../../build/index.ts';
import type { Dataset, FeatureCache } from '../../datasets/index.ts';
import { type FoldedConvolutions, pooledFeatures } from '../../networks/index.ts';
import {
  type Checkpoint,
  defaultRecipe,
  defaultSelectedChannels,
  frozenTail,
  linearLogits,
  openCheckpoint,
  recipeHash,
  type StepContext,
  type Tail,
  type TrainingSet,
  type TrainRecipe,
  trainLinearTeacher,
} from '../../training/index.ts';
import type { SplitFeatures } from './paper-features.ts';
import type { PaperProtocol } from './protocol.ts';

/** Data, frozen weights, machine and protocol of one run of the experiment. */
export interface PaperContext {
  readonly dataset: Dataset;
  readonly folded: FoldedConvolutions;
  readonly runtime: Runtime;
  readonly threads: number;
  readonly cacheFolder: string;
  readonly protocol: PaperProtocol;
  /** Samples at the front of the training part that parameters are fitted on; the others are the validation part. */
  readonly fitted: number;
  /** What the teacher is fitted on: pooled features and labels. */
  readonly teacherSet: TrainingSet;
  /** Split points that there are features of. */
  readonly splits: readonly SplitPoint[];
  readonly features: { readonly train: SplitFeatures; readonly test: SplitFeatures };
  /** Progress of the step under way. */
  readonly onProgress?: (label: string, done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Where a configuration, or steps that several share, keep their checkpoints: a folder named by what they depend on. */
export function openPaperCheckpoint(context: PaperContext, key: Readonly<Record<string, unknown>>): Checkpoint {
  const { dataset, threads, runtime, protocol } = context;
  const hash = recipeHash({
    ...key,
    protocol,
    pictures: dataset.fingerprint,
    threads,
    runtime: runtime.name,
    version: 1,
  });
  return openCheckpoint(join(context.cacheFolder, 'training', hash), hash);
}

/**
 * A context for the step that trains the tail too: with a learning rate of its own, and checkpoints beside those of the steps
 * before it, which all its learning rates share.
 *
 * @param key - Of the checkpoints of the steps before it.
 */
export function fineTuneContextOf(
  context: PaperContext,
  step: StepContext,
  key: Readonly<Record<string, unknown>>,
  fineTuneLearningRate: number,
): StepContext {
  const { recipe } = step;
  return {
    ...step,
    checkpoint: openPaperCheckpoint(context, { ...key, fineTuneLearningRate }),
    recipe: { ...recipe, learningRates: { ...recipe.learningRates, fineTune: fineTuneLearningRate } },
  };
}

/**
 * Training part of one split and seed, as the training steps take it.
 *
 * @param recipe - What differs from the default recipe.
 */
export function stepContextOf(
  context: PaperContext,
  split: SplitPoint,
  seed: number,
  checkpoint: Checkpoint,
  recipe: Partial<TrainRecipe> = {},
): StepContext {
  const { dataset, fitted, folded, runtime, protocol, features, onProgress, signal } = context;
  const { epochs, batchSize } = protocol;
  const full: TrainRecipe = {
    ...defaultRecipe,
    split,
    seed,
    batchSize,
    selectedChannels: defaultSelectedChannels[split],
    ...recipe,
    epochs: { ...defaultRecipe.epochs, ...epochs, ...recipe.epochs },
    learningRates: {
      ...defaultRecipe.learningRates,
      fineTune: protocol.fineTuneLearningRate,
      ...recipe.learningRates,
    },
  };
  return {
    set: setOf(dataset, fitted, features.train[split], seed),
    split,
    folded,
    recipe: full,
    runtime,
    checkpoint,
    ...(onProgress ? { onProgress: (done: number, total: number) => onProgress(split, done, total) } : {}),
    ...(signal ? { signal } : {}),
  };
}

/** Samples to fit on, in an order that follows the seed, and the validation part. */
export function setOf(dataset: Dataset, fitted: number, features: FeatureCache, seed: number): TrainingSet {
  const everyone = dataset.train.map((_, i) => i);
  return {
    features,
    labels: Int32Array.from(dataset.train, ({ label }) => label),
    classes: dataset.classes.length,
    train: shuffled(everyone.slice(0, fitted), createRandom(seed)),
    validation: everyone.slice(fitted),
  };
}

/** The same for the test part: all its samples are in `set.validation`, none in `set.train`. */
export function testContextOf(context: PaperContext, trained: StepContext): StepContext {
  const { dataset, features } = context;
  const samples = dataset.test.map((_, i) => i);
  return {
    ...trained,
    set: {
      features: features.test[trained.split],
      labels: Int32Array.from(dataset.test, ({ label }) => label),
      classes: dataset.classes.length,
      train: [],
      validation: samples,
    },
  };
}

/** A split point that there are features of: for what reads pooled features alone, which are the same at all of them. */
export const anySplit = ({ splits }: Pick<PaperContext, 'splits'>): SplitPoint => splits[0] ?? 'conv5_x';

/** The uncompressed network of one seed: a linear classifier on the frozen backbone. */
export interface Teacher {
  /** `classifier/weights` and `classifier/bias`. */
  readonly tensors: TensorMap;
  readonly seconds: number;
}

/** Trains the teacher of a seed, or takes it from its checkpoint. */
export async function teacherOf(context: PaperContext, seed: number): Promise<Teacher> {
  const checkpoint = openPaperCheckpoint(context, { step: 'teacher', seed });
  const saved = await checkpoint.load<{ seconds: number }>('teacher');
  if (saved) return { tensors: saved.tensors, seconds: saved.notes.seconds };
  const step = { ...stepContextOf(context, anySplit(context), seed, checkpoint), set: context.teacherSet };
  const startedAt = performance.now();
  const tensors = roundForStorage(await trainLinearTeacher(step));
  const seconds = (performance.now() - startedAt) / 1000;
  await checkpoint.save('teacher', { tensors, notes: { seconds } });
  return { tensors, seconds };
}

/** Logits of the uncompressed network for all samples of a context's cache, `float32[count, classes]`. */
export function teacherLogitsOf(stepContext: StepContext, { tensors }: Teacher): Promise<Float32Array> {
  const { features } = stepContext.set;
  const everySample = Array.from({ length: features.count }, (_, i) => i);
  const layer = { prefix: 'classifier', rows: features.pooled, width: pooledFeatures } as const;
  return linearLogits(stepContext, tensors, layer, everySample);
}

/** The frozen tail of the uncompressed network behind a split. */
export const teacherTailOf = (stepContext: StepContext, { tensors }: Teacher): Tail =>
  frozenTail(stepContext.split, stepContext.folded, tensors);
