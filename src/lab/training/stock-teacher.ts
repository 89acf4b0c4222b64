/** The network's own ImageNet classifier as the teacher: pictures need no labels, its answers stand for them. */

import type { TensorMap } from '../../core/tensor/index.ts';
import { pooledFeatures } from '../networks/index.ts';
import type { StepContext } from './step-context.ts';
import { linearLogits } from './teacher-step.ts';
import { argmaxRows, type TrainingSet } from './training-set.ts';

/** A classifier that came with the backbone. */
export interface StockClassifier {
  readonly classes: readonly string[];
  /** `classifier/weights` `float32[2048, classes]` and `classifier/bias` `float32[classes]`. */
  readonly tensors: TensorMap;
}

/** The set with the classifier's classes, and its answers to the uncompressed pictures as labels. */
export async function answeredBy(
  { classes, tensors }: StockClassifier,
  set: TrainingSet,
  context: Pick<StepContext, 'runtime' | 'signal'>,
): Promise<TrainingSet> {
  const layer = { prefix: 'classifier', rows: set.features.pooled, width: pooledFeatures } as const;
  const answered = { ...set, classes: classes.length };
  const everySample = Array.from({ length: set.features.count }, (_, i) => i);
  const logits = await linearLogits({ ...context, set: answered }, tensors, layer, everySample);
  return { ...answered, labels: argmaxRows(logits, answered.classes) };
}
