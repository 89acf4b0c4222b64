/** Tails behind BottleNet++: the teacher's, frozen, or with its last stage trained. */

import type { TensorMap } from '../../../../core/tensor/index.ts';
import { classifier, constantConvolutions, type Parameters, tail as poolingTail } from '../../../networks/index.ts';
import {
  frozenTail,
  lastStageParameters,
  lastStageTensors,
  type StepContext,
  type Tail,
  trainableTail,
} from '../../../training/index.ts';

/** A tail as both sides see it: in the training graph, and frozen with the values that the training came to. */
export interface TailPair {
  readonly training: (trained: Parameters) => Tail;
  readonly frozen: (tensors: TensorMap) => Tail;
}

/** A tail that stays as it is. */
export const frozenTailPair = (tail: Tail): TailPair => ({ training: () => tail, frozen: () => tail });

/** The tail's last stage and classifier, trained from the teacher's: what is behind conv5_x is the classifier alone. */
export function lastStage(
  { split, folded }: Pick<StepContext, 'split' | 'folded'>,
  teacher: TensorMap,
): TailPair & { readonly start: TensorMap } {
  if (split !== 'conv5_x') {
    return {
      start: lastStageParameters(folded, teacher),
      training: (trained) => trainableTail(split, folded, trained),
      frozen: (tensors) => frozenTail(split, folded, lastStageTensors(folded, tensors)),
    };
  }
  return {
    start: teacher,
    training: (trained) => ({
      logits: (featureMap) => {
        const pooled = poolingTail(featureMap, split, constantConvolutions(featureMap.graph, folded));
        return classifier(pooled, trained('classifier/weights'), trained('classifier/bias'));
      },
    }),
    frozen: (tensors) => frozenTail(split, folded, tensors),
  };
}
