/** How a model is trained: every choice with its default. */

import type { SplitPoint } from '../../core/model/index.ts';

/** By what feature channels can be ranked. */
export type ChannelRankingName = 'attention' | 'energy' | 'taylor' | 'random';

/** The choices of a training; the same recipe, data and thread count give the same result. */
export interface TrainRecipe {
  readonly split: SplitPoint;
  readonly teacher: 'linear' | 'fine-tuned';
  /** Train the tail's last stage and the classifier too, after the compressor. */
  readonly fineTuneTail: boolean;
  readonly latentChannels: number;
  /** Symbols are within `[-2^(bits - 1), 2^(bits - 1) - 1]`; entropy coding takes far fewer bits than that. */
  readonly bits: number;
  /** Mean bytes of a whole frame to aim at. */
  readonly frameBytes: number;
  /** Feature channels that enter the encoder. */
  readonly selectedChannels: number;
  /** What the feature channels are ranked by, to select those. */
  readonly ranking: ChannelRankingName;
  /** Whether the attention weighs the feature channels; without it all gates are open. */
  readonly gates: boolean;
  /** Width of the decoder's 3x3 branch; 0 leaves the linear decoder alone. */
  readonly decoderWidth: number;
  /** Where encoder and linear decoder start from. */
  readonly start: 'closed-form' | 'random';
  readonly seed: number;
  /** Share of the training part that is held back; more of a small one. */
  readonly validationShare: number;
  readonly batchSize: number;
  readonly epochs: {
    readonly teacher: number;
    readonly attention: number;
    readonly reconstruction: number;
    readonly task: number;
    readonly fineTune: number;
  };
  readonly learningRates: {
    readonly teacher: number;
    readonly attention: number;
    readonly reconstruction: number;
    readonly task: number;
    readonly fineTune: number;
  };
  readonly distillationTemperature: number;
  /** Price of a fully open attention, in nats: what makes the gates rank the channels. */
  readonly attentionSparsity: number;
}

/** Feature channels that enter the encoder, unless said otherwise: their positions must leave the closed form small. */
export const defaultSelectedChannels: { readonly [S in SplitPoint]: number } = {
  conv2_x: 64,
  conv3_x: 256,
  conv4_x: 768,
  conv5_x: 1024,
};

/** Defaults of everything but the split. */
export const defaultRecipe: Omit<TrainRecipe, 'split' | 'selectedChannels'> = {
  teacher: 'linear',
  fineTuneTail: false,
  latentChannels: 64,
  bits: 6,
  frameBytes: 700,
  ranking: 'attention',
  gates: true,
  decoderWidth: 256,
  start: 'closed-form',
  seed: 0,
  validationShare: 0.05,
  batchSize: 32,
  epochs: { teacher: 40, attention: 1, reconstruction: 3, task: 3, fineTune: 2 },
  learningRates: { teacher: 1e-3, attention: 1e-3, reconstruction: 1e-3, task: 3e-4, fineTune: 2e-5 },
  distillationTemperature: 2,
  attentionSparsity: 0.5,
};
