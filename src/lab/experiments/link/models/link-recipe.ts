/** How the split models of the link experiment are trained: one for every rate at each split point, alike but for the split. */

import type { SplitPoint } from '../../../../core/model/index.ts';
import { defaultRecipe, defaultSelectedChannels, type TrainRecipe } from '../../../training/index.ts';

/** Pictures of each class in the training part and in the test part: all four models in about an hour. */
export const linkPicturesPerClass = 15;

/** Latent channels, as in the paper's experiment for one packet. */
const latentChannels: { readonly [Split in SplitPoint]: number } = {
  conv2_x: 96,
  conv3_x: 96,
  conv4_x: 64,
  conv5_x: 128,
};

/** The recipe at one split point. */
export function linkRecipe(split: SplitPoint): TrainRecipe {
  return {
    ...defaultRecipe,
    split,
    selectedChannels: defaultSelectedChannels[split],
    latentChannels: latentChannels[split],
    // In front of a linear tail nearly all gates stay open and rank nothing.
    ranking: split === 'conv5_x' ? 'taylor' : 'attention',
    epochs: { ...defaultRecipe.epochs, attention: 2, reconstruction: 5, task: 4 },
  };
}
