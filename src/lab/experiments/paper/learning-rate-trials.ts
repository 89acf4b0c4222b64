/** Which learning rates are tried for a method at a split point, and how far each is trained. */

import type { SplitPoint } from '../../../core/model/index.ts';
import type { TunedAt, TunedMethod } from './grid.ts';
import type { FrameSize } from './paper-result.ts';

/** Trials of one method at one split point; the rate with the best accuracy of the validation part is chosen. */
export interface LearningRateTrials {
  readonly rates: readonly number[];
  /** On the protocol's share of the pictures of compressors; on all when left out. */
  readonly onShare?: true;
  /**
   * Compared after so many epochs, as successive halving does (Jamieson and Talwalkar, AISTATS 2016), and the best one goes on
   * from there; each is trained to its end when left out.
   */
  readonly epochs?: number;
}

/** Where the trials of a method differ: where a training is long, or where other rates are best. */
interface TrialsAt extends Partial<LearningRateTrials> {
  readonly split: SplitPoint;
  /** Both when left out. */
  readonly size?: FrameSize;
}

interface MethodTrials extends LearningRateTrials {
  readonly at?: readonly TrialsAt[];
}

/** Trials of all methods. */
export const methodTrials: { readonly [Method in TunedMethod]: MethodTrials } = {
  aecnn: {
    rates: [3e-5, 1e-4, 3e-4, 1e-3],
    at: [
      // On a fifth of the pictures, which is a fifth of the steps, the largest of the four was the best; on all it is not.
      { split: 'conv2_x', size: 'packet', rates: [1e-4, 3e-4, 1e-3, 3e-3] },
      { split: 'conv2_x', size: '256x', onShare: true },
    ],
  },
  'random-start': { rates: [3e-4, 1e-3, 3e-3, 1e-2] },
  'end-to-end': { rates: [3e-4, 1e-3, 3e-3, 1e-2] },
  // On a fifth of the pictures BottleNet++ is still at chance at conv2_x after as many passes, at 0.001 even on all of them; at
  // 0.003 and 0.01 it was behind after eight passes.
  bottlenet: { rates: [1e-3, 3e-3, 1e-2, 3e-2], at: [{ split: 'conv2_x', rates: [3e-2, 1e-1, 3e-1], epochs: 8 }] },
  'bottlenet-distilled': { rates: [1e-3, 3e-3, 1e-2, 3e-2], at: [{ split: 'conv4_x', epochs: 8 }] },
  'aecnn-fine-tune': { rates: [3e-5, 1e-4, 3e-4, 1e-3] },
  'bottlenet-fine-tune': { rates: [3e-5, 1e-4, 3e-4, 1e-3] },
  'adapted-pictures': { rates: [2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3] },
};

/** Trials of a method at a place where its learning rates are chosen. */
export function learningRateTrials(of: TunedMethod, { split, size }: TunedAt): LearningRateTrials {
  const { at = [], ...everywhere } = methodTrials[of];
  const there = at.find((one) => one.split === split && (one.size ?? size) === size);
  if (!there) return everywhere;
  const { split: _split, size: _size, ...different } = there;
  return { ...everywhere, ...different };
}
