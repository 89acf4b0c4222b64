/** Versions of what is trained, each to be raised when its training computes something else. */

import type { SplitPoint } from '../../../core/model/index.ts';
import type { Configuration } from './grid.ts';

/** Older results count as not run, and older checkpoints are left alone. Of `pictures`, the choice of codecs. */
export const trainingVersions = {
  aecnn: 3,
  /** Up to the last phase. */
  bottlenet: (split: SplitPoint): number => (split === 'conv5_x' ? 5 : 4),
  /**
   * With the last phase, of results alone: a rule that came later keeps another round in the rows at conv2_x, and the same in
   * all others.
   */
  bottlenetEverything: (split: SplitPoint): number => (split === 'conv5_x' || split === 'conv2_x' ? 5 : 4),
  pictures: 5,
  adaptedPictures: 3,
} as const;

/** Version of results that were written before they said theirs: learning rates that were chosen then stand, no rows do. */
export const unsaidTrainingVersion = ({ method }: Configuration): number => (method === 'learning-rates' ? 3 : 0);

/** Version of the training of a configuration; nothing where nothing is trained but the teacher. */
export function trainingVersionOf(configuration: Configuration): number | undefined {
  switch (configuration.method) {
    case 'aecnn':
      return trainingVersions.aecnn;
    case 'bottlenet':
      return trainingVersions.bottlenetEverything(configuration.split);
    case 'pictures':
      return trainingVersions.pictures;
    case 'adapted-codec':
    case 'adapted-pictures':
      return trainingVersions.adaptedPictures;
    case 'learning-rates': {
      const { of, split } = configuration;
      if (of === 'adapted-pictures') return trainingVersions.adaptedPictures;
      return of.startsWith('bottlenet') ? trainingVersions.bottlenet(split) : trainingVersions.aecnn;
    }
    default:
      return undefined;
  }
}
