/** How a model is trained: every choice with its default. */

import type { SplitPoint } from '../../core/model/index.ts';

/** By what feature channels can be ranked. */
export type ChannelRankingName = 'attention' | 'energy' | 'taylor' | 'random';

/** The choices of a training; the same recipe, data and thread count give the same result. */
export interface TrainRecipe {
  readonly split: SplitPoint;
  /** A classifier on the frozen network, its last stage trained too, or ImageNet's own, which needs no labels. */
  readonly teacher: 'linear' | 'fine-tuned' | 'stock';
  /** Train the tail's last stage and the classifier too, after the compressor. */
  readonly fineTuneTail: boolean;
  readonly latentChannels: number;
  /** Bits of a symbol, its sign included; entropy coding takes far fewer. */
  readonly bits: number;
  /** Mean bytes of a frame that ends after each chunk, rising. */
  readonly frameBytes: readonly number[];
  /** Train for every number of chunks, each picture for one at random, instead of for whole frames alone. */
  readonly progressive: boolean;
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

/** Mean bytes of the shortest frame of a progressive model, and the factor to the next. */
const [shortestFrame, frameFactor] = [77, 1.2];

/** Mean bytes after each chunk of frames that can be cut at many sizes, or at hardly any: an end is a chunk's overhead. */
export function frameEnds(wholeBytes: number, progressive: boolean): number[] {
  const ends = [wholeBytes];
  const [factor, least] = progressive ? [frameFactor, shortestFrame] : [1.15, 0.5 * wholeBytes];
  while ((ends[0] as number) / factor >= least) ends.unshift((ends[0] as number) / factor);
  return ends.map(Math.round);
}

/** Largest symbol that the quantizer of a recipe gives; the smallest is as far from 0. */
export const largestSymbol = ({ bits }: Pick<TrainRecipe, 'bits'>): number => 2 ** (bits - 1) - 1;

/** Defaults of everything but the split. */
export const defaultRecipe: Omit<TrainRecipe, 'split' | 'selectedChannels'> = {
  teacher: 'linear',
  fineTuneTail: false,
  latentChannels: 64,
  bits: 10,
  frameBytes: frameEnds(1200, true),
  progressive: true,
  ranking: 'attention',
  gates: true,
  decoderWidth: 256,
  start: 'closed-form',
  seed: 0,
  validationShare: 0.05,
  batchSize: 32,
  epochs: { teacher: 40, attention: 1, reconstruction: 3, task: 5, fineTune: 3 },
  learningRates: { teacher: 1e-3, attention: 1e-3, reconstruction: 1e-3, task: 2e-4, fineTune: 2e-4 },
  distillationTemperature: 2,
  attentionSparsity: 0.5,
};
