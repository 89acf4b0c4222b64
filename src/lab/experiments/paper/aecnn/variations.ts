/** The ablations: AECNN with one choice changed. */

import type { TrainRecipe } from '../../../training/index.ts';

/** Name of an ablation. */
export type VariationName =
  | 'ranked-by-attention'
  | 'ranked-by-energy'
  | 'ranked-by-taylor'
  | 'ranked-at-random'
  | 'attention-off'
  | 'linear-decoder'
  | 'random-start'
  | 'end-to-end';

/** What an ablation changes. */
export interface Variation {
  readonly recipe: Partial<TrainRecipe>;
  /** All at once from random values, with no step before: no attention step, no reconstruction. */
  readonly endToEnd?: true;
}

/** Feature channels that the rankings are compared at: few enough that it matters which. */
const rankedChannels = 256;

/** All feature channels at conv4_x: nothing is selected. */
const everyChannel = 1024;

/** Each ablation at conv4_x. */
export const variations: { readonly [Name in VariationName]: Variation } = {
  'ranked-by-attention': { recipe: { selectedChannels: rankedChannels } },
  'ranked-by-energy': { recipe: { selectedChannels: rankedChannels, ranking: 'energy' } },
  'ranked-by-taylor': { recipe: { selectedChannels: rankedChannels, ranking: 'taylor' } },
  'ranked-at-random': { recipe: { selectedChannels: rankedChannels, ranking: 'random' } },
  'attention-off': { recipe: { selectedChannels: everyChannel, gates: false } },
  'linear-decoder': { recipe: { decoderWidth: 0 } },
  'random-start': { recipe: { start: 'random' } },
  'end-to-end': { recipe: { start: 'random', selectedChannels: everyChannel }, endToEnd: true },
};
