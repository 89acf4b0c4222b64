/** The configurations of the paper's experiment, those first that the others, or most claims, rest on. */

import { type SplitPoint, splitPoints } from '../../../core/model/index.ts';
import { type VariationName, variations } from './aecnn/variations.ts';
import { byteSizes, type FrameSize } from './paper-result.ts';
import type { PictureGrid } from './pictures/picture-choice.ts';

/** One row of the experiment: what is trained and measured. */
export type Configuration =
  | { readonly id: string; readonly method: 'uncompressed'; readonly seed: number }
  | {
      readonly id: string;
      readonly method: 'learning-rates';
      readonly of: TunedMethod;
      readonly split: SplitPoint;
      readonly size: FrameSize;
      readonly seed: number;
    }
  | {
      readonly id: string;
      readonly method: 'aecnn';
      readonly split: SplitPoint;
      readonly size: FrameSize;
      readonly seed: number;
      readonly fineTune?: boolean;
      readonly variation?: VariationName;
    }
  | {
      readonly id: string;
      readonly method: 'bottlenet';
      readonly split: SplitPoint;
      readonly size: FrameSize;
      readonly seed: number;
      readonly distillation: boolean;
      readonly erasureProbability?: number;
    }
  | {
      readonly id: string;
      readonly method: 'pictures';
      readonly seed: number;
      /** What differs from the grid of the whole experiment. */
      readonly grid?: Partial<PictureGrid>;
    }
  | {
      readonly id: string;
      /** The choice of a codec for the tails that are adapted at a budget, and one of those tails. */
      readonly method: 'adapted-codec' | 'adapted-pictures';
      readonly budgetBytes: AdaptedBudget;
      readonly seed: number;
    };

/** Ablations that start from random values: the learning rate behind the closed form is not theirs. */
export const tunedVariations = ['random-start', 'end-to-end'] as const satisfies readonly VariationName[];

/** One of {@link tunedVariations}. */
export type TunedVariation = (typeof tunedVariations)[number];

/** What learning rates are chosen for: a method in front of the frozen tail, its last phase, or a tail that learns pictures. */
export type TunedMethod =
  | 'aecnn'
  | TunedVariation
  | 'bottlenet'
  | 'bottlenet-distilled'
  | 'aecnn-fine-tune'
  | 'bottlenet-fine-tune'
  | 'adapted-pictures';

/** Where learning rates are chosen. */
export interface TunedAt {
  readonly split: SplitPoint;
  readonly size: FrameSize;
}

const late: readonly TunedAt[] = [
  { split: 'conv4_x', size: 'packet' },
  { split: 'conv5_x', size: 'packet' },
];

/**
 * Both sizes have their own in front of conv3_x: what a packet of 1,200 bytes must learn there spoils ten times larger frames,
 * which the closed form all but rebuilds.
 */
const early: readonly TunedAt[] = [
  { split: 'conv2_x', size: 'packet' },
  { split: 'conv2_x', size: '256x' },
];

/** Where the tails of pictures are adapted; at the last with all seeds, as AECNN's lead there is about a point. */
export const adaptedBudgets = [500, 1000, 2000] as const;

/** One of {@link adaptedBudgets}. */
export type AdaptedBudget = (typeof adaptedBudgets)[number];

/** Where the learning rate of the adapted tails is chosen, on features at conv4_x. */
export const adaptedRatesBudget = 1000 satisfies AdaptedBudget;

/** Where the learning rates of each method are chosen, the main place first; elsewhere it takes the nearest one's. */
export const tunedAt: { readonly [Method in TunedMethod]: readonly TunedAt[] } = {
  aecnn: [...late, ...early],
  'random-start': late.slice(0, 1),
  'end-to-end': late.slice(0, 1),
  bottlenet: [...late, ...early],
  'bottlenet-distilled': late,
  'aecnn-fine-tune': late.slice(0, 1),
  'bottlenet-fine-tune': late.slice(0, 1),
  'adapted-pictures': [{ split: 'conv4_x', size: `${adaptedRatesBudget}` }],
};

/** Where a method's learning rates for a split point and size were chosen. */
export function learningRatesOf(of: TunedMethod, { split, size }: TunedAt): TunedAt {
  const nearest = split === 'conv3_x' ? 'conv2_x' : split;
  const near = tunedAt[of].filter((place) => place.split === nearest);
  const found = near.find((place) => place.size === size) ?? near[0] ?? tunedAt[of][0];
  if (!found) throw new RangeError(`learning rates of ${of} are chosen nowhere`);
  return found;
}

/** Id of the choice of learning rates for a method at a place where they are chosen. */
export const learningRatesId = (of: TunedMethod, { split, size }: TunedAt): string =>
  `learning-rates-${of}-${idOf(split)}${size === 'packet' ? '' : `-${size}`}`;

/** Bit erasures of BottleNet++'s channel. */
const erasureProbability = 0.01;

/** `conv4x` for `conv4_x`: ids are names of files. */
const idOf = (split: SplitPoint): string => split.replace('_', '');

const sizes: readonly FrameSize[] = ['packet', '256x'];

const fineTuned: readonly SplitPoint[] = ['conv4_x', 'conv3_x'];

function aecnn(split: SplitPoint, size: FrameSize, seed: number): Configuration {
  const id = `aecnn-${idOf(split)}-${size}-seed${seed}`;
  return { id, method: 'aecnn', split, size, seed, ...(fineTuned.includes(split) ? { fineTune: true } : {}) };
}

function bottlenet(
  split: SplitPoint,
  size: FrameSize,
  seed: number,
  kind: 'plain' | 'distilled' | 'erasure' = 'plain',
): Configuration {
  const family = kind === 'plain' ? 'bottlenet' : `bottlenet-${kind}`;
  return {
    id: `${family}-${idOf(split)}-${size}-seed${seed}`,
    method: 'bottlenet',
    split,
    size,
    seed,
    distillation: kind === 'distilled',
    ...(kind === 'erasure' ? { erasureProbability } : {}),
  };
}

const rates = (of: TunedMethod, at: TunedAt): Configuration => ({
  id: learningRatesId(of, at),
  method: 'learning-rates',
  of,
  ...at,
  seed: 0,
});

const ablation = (variation: VariationName, seed: number): Configuration => ({
  id: `ablation-${variation}-conv4x-packet-seed${seed}`,
  method: 'aecnn',
  split: 'conv4_x',
  size: 'packet',
  seed,
  variation,
});

/** Id of the configuration that the codecs for the unchanged network are chosen in. */
export const picturesId = 'pictures-seed0';

/** Id of the choice of the codec for the adapted tails of a budget, of all seeds. */
export const adaptedCodecId = (budgetBytes: AdaptedBudget): string => `adapted-codec-${budgetBytes}`;

const adaptedCodec = (budgetBytes: AdaptedBudget): Configuration => ({
  id: adaptedCodecId(budgetBytes),
  method: 'adapted-codec',
  budgetBytes,
  seed: 0,
});

const adapted = (budgetBytes: AdaptedBudget, seed: number): Configuration => ({
  id: `adapted-pictures-${budgetBytes}-seed${seed}`,
  method: 'adapted-pictures',
  budgetBytes,
  seed,
});

/** All of it. */
export function paperGrid(): readonly Configuration[] {
  const uncompressed = (seed: number): Configuration => ({
    id: `uncompressed-seed${seed}`,
    method: 'uncompressed',
    seed,
  });
  const bothAt = (split: SplitPoint, seed: number): Configuration[] =>
    sizes.flatMap((size) => [aecnn(split, size, seed), bottlenet(split, size, seed)]);
  const allMethods = ['aecnn', 'aecnn-fine-tune', 'bottlenet', 'bottlenet-fine-tune', 'bottlenet-distilled'] as const;
  const ratesAt = (methods: readonly TunedMethod[], ...splits: readonly SplitPoint[]): Configuration[] =>
    methods.flatMap((of) => tunedAt[of].filter(({ split }) => splits.includes(split)).map((at) => rates(of, at)));
  const otherSplits = splitPoints.filter((split) => split !== 'conv4_x').reverse();
  return [
    uncompressed(0),
    ...ratesAt(allMethods, 'conv4_x'),
    ...bothAt('conv4_x', 0),
    { id: picturesId, method: 'pictures', seed: 0 },
    ...byteSizes.map((size) => aecnn('conv4_x', size, 0)),
    ...ratesAt(tunedVariations, 'conv4_x'),
    ...(Object.keys(variations) as VariationName[]).map((variation) => ablation(variation, 0)),
    ...ratesAt(allMethods, 'conv5_x', 'conv2_x'),
    ...otherSplits.flatMap((split) => bothAt(split, 0)),
    ...ratesAt(['adapted-pictures'], 'conv4_x'),
    ...adaptedBudgets.flatMap((budgetBytes) => [adaptedCodec(budgetBytes), adapted(budgetBytes, 0)]),
    ...[1, 2].flatMap((seed) => [
      uncompressed(seed),
      ...bothAt('conv4_x', seed),
      aecnn('conv4_x', '2000', seed),
      adapted(2000, seed),
      // The attention gives the method its name, and brings less than a point.
      ablation('attention-off', seed),
    ]),
    ...(['conv4_x', ...otherSplits] as const).flatMap((split) =>
      sizes.map((size) => bottlenet(split, size, 0, 'distilled')),
    ),
    ...[1, 2].flatMap((seed) => sizes.map((size) => bottlenet('conv4_x', size, seed, 'distilled'))),
    bottlenet('conv4_x', 'packet', 0, 'erasure'),
  ];
}

/** The codec that everyone knows, at fewer sizes. */
const quickPictureGrid: Partial<PictureGrid> = { formats: ['jpeg'], budgets: [500, 1000, 2000], filledSides: 1 };

/** What a newcomer runs: AECNN, BottleNet++ and JPEG at conv4_x, one packet. */
export function quickGrid(): readonly Configuration[] {
  return [
    { id: 'uncompressed-seed0', method: 'uncompressed', seed: 0 },
    { id: 'aecnn-conv4x-packet-seed0', method: 'aecnn', split: 'conv4_x', size: 'packet', seed: 0 },
    bottlenet('conv4_x', 'packet', 0),
    { id: picturesId, method: 'pictures', seed: 0, grid: quickPictureGrid },
  ];
}
