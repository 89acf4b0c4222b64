/** Which feature channels matter: several answers to it, of which the attention's is AECNN's. */

import { createRandom, pickTensor, type TensorMap } from '../../core/tensor/index.ts';
import { gradients, softmaxCrossEntropy } from '../autodiff/index.ts';
import { abs, createGraph, input, mul, mulScalar, output, reduceMean, reduceSum, type Value } from '../graph/index.ts';
import { attentionGates, constantParameters } from '../networks/index.ts';
import { forward } from './forward.ts';
import { forwardMaps } from './forward-maps.ts';
import type { ChannelRankingName } from './recipe.ts';
import { type StepContext, stepSeeds } from './step-context.ts';
import type { Tail } from './tail.ts';
import { oneHot } from './training-set.ts';

/** Samples of the training part that an importance is averaged over. */
const rankingSamples = 2048;

/** Feature channels in order, and what the order rests on. */
export interface ChannelRanking {
  /** All channels, most important first. */
  readonly order: readonly number[];
  /** Of each channel; its unit depends on the ranking. */
  readonly importance: readonly number[];
}

/** What rankings may look at. */
export interface RankingOptions {
  readonly attention: TensorMap;
  readonly tail: Tail;
}

/** Importance of each channel; larger is more important. */
type Importance = (context: StepContext, options: RankingOptions) => Promise<number[]>;

const importances: { readonly [Name in ChannelRankingName]: Importance } = {
  /** Mean gate (Li et al., "AECNN", ICC 2023, section III, arXiv:2211.13745). */
  attention: (context, { attention }) =>
    meanOverSamples(context, (maps) => attentionGates(maps, constantParameters(maps.graph, attention))),
  /** Mean square of the activations. */
  energy: (context) => meanOverSamples(context, (maps) => reduceMean(mul(maps, maps), [2, 3], 0)),
  taylor: taylorImportance,
  random: async ({ set, recipe }) => {
    const random = createRandom(recipe.seed + stepSeeds.ranking);
    return Array.from({ length: set.features.mapShape[0] ?? 0 }, () => random.normal());
  },
};

/** Ranks feature channels by the given kind of importance over 2,048 samples of the training part. */
export async function rankChannels(
  context: StepContext,
  ranking: ChannelRankingName,
  options: RankingOptions,
): Promise<ChannelRanking> {
  const importance = await importances[ranking](context, options);
  const order = importance.map((_, channel) => channel);
  order.sort((a, b) => (importance[b] as number) - (importance[a] as number) || a - b);
  return { order, importance };
}

/** Mean of a row a sample, `float32[N, C]`, over the ranking's samples. */
async function meanOverSamples(context: StepContext, rowsOf: (maps: Value) => Value): Promise<number[]> {
  const samples = context.set.train.slice(0, rankingSamples);
  const sums = new Float64Array(context.set.features.mapShape[0] ?? 0);
  await forwardMaps(
    context,
    samples,
    (maps) => ({ rows: rowsOf(maps) }),
    (outputs) => addRows(sums, pickTensor(outputs, 'rows', 'float32').data),
  );
  return [...sums].map((sum) => sum / samples.length);
}

function addRows(sums: Float64Array, rows: Float32Array): void {
  rows.forEach((value, i) => {
    sums[i % sums.length] = (sums[i % sums.length] as number) + value;
  });
}

/**
 * First-order Taylor importance: how much the loss would change if a channel were zero, `|sum x dL/dx|` over its positions.
 *
 * @see Molchanov et al., "Pruning Convolutional Neural Networks for Resource Efficient Inference", ICLR 2017, section 2.2
 *   (arXiv:1611.06440).
 */
async function taylorImportance(context: StepContext, { tail }: RankingOptions): Promise<number[]> {
  const { set, recipe, runtime, signal } = context;
  const [channels = 0, height = 0, width = 0] = set.features.mapShape;
  const batchSize = Math.min(recipe.batchSize, set.train.length);
  const graph = createGraph('taylor');
  const maps = input(graph, 'maps', 'float32', [batchSize, channels, height, width]);
  const targets = input(graph, 'targets', 'float32', [batchSize, set.classes]);
  const lossOfAll = mulScalar(softmaxCrossEntropy(tail.logits(maps), targets), batchSize);
  const [slope] = gradients(lossOfAll, [maps]);
  output('importance', abs(reduceSum(mul(maps, slope as Value), [2, 3], 0)));
  const count = Math.floor(Math.min(rankingSamples, set.train.length) / batchSize) * batchSize;
  const sums = new Float64Array(channels);
  await forward({
    runtime,
    graph,
    samples: set.train.slice(0, count),
    batchSize,
    inputs: async (batch) => ({ maps: await set.features.readMaps(batch), targets: oneHot(set, batch) }),
    onBatch: (outputs) => addRows(sums, pickTensor(outputs, 'importance', 'float32').data),
    signal,
  });
  return [...sums].map((sum) => sum / count);
}
