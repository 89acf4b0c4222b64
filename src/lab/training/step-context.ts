/** What every training step is given. */

import type { SplitPoint } from '../../core/model/index.ts';
import type { Runtime } from '../../runtime/session.ts';
import type { FoldedConvolutions } from '../networks/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { OptimizeProgress } from './optimize.ts';
import type { TrainRecipe } from './recipe.ts';
import type { TrainingSet } from './training-set.ts';

/** Data, frozen weights, machine and recipe of one training. */
export interface StepContext {
  readonly set: TrainingSet;
  readonly split: SplitPoint;
  /** The backbone's weights. */
  readonly folded: FoldedConvolutions;
  readonly recipe: TrainRecipe;
  readonly runtime: Runtime;
  readonly checkpoint: Checkpoint;
  readonly onProgress?: OptimizeProgress;
  readonly signal?: AbortSignal;
}

/** The same without progress: for work inside a step that shows its own. */
export const withoutProgress = ({ onProgress: _unused, ...context }: StepContext): StepContext => context;

/** The same with a share of the samples to train on, the first ones; at least one. */
export function withShare(context: StepContext, share: number): StepContext {
  const { train } = context.set;
  return { ...context, set: { ...context.set, train: train.slice(0, Math.max(1, Math.round(share * train.length))) } };
}

/** Seeds of the steps: different orders of samples, all derived from the recipe's seed. */
export const stepSeeds = {
  validation: 1,
  teacher: 2,
  attention: 3,
  reconstruction: 4,
  task: 5,
  fallback: 6,
  'fine-tune': 7,
  'teacher-fine-tune': 8,
  ranking: 9,
  'random-start': 10,
} as const;
