/**
 * Step 2: channel attention inserted at the split point, trained through the frozen tail, and the channels ranked by it.
 *
 * The gates are trained to keep the teacher's answer at a price for every open gate, so that they close where they can.
 */

import { createRandom, pickTensor, type Tensor, type TensorMap, tensor } from '../../core/tensor/index.ts';
import { klDivergence, softmaxCrossEntropy } from '../autodiff/index.ts';
import { add, input, mulScalar, reduceMean, type Value } from '../graph/index.ts';
import { applyGates, attentionGates, attentionParameters, constantParameters } from '../networks/index.ts';
import { forwardMaps, rowsOfMaps } from './forward-maps.ts';
import { optimize } from './optimize.ts';
import { type StepContext, stepSeeds } from './step-context.ts';
import type { Tail } from './tail.ts';
import { oneHot, rowsOf } from './training-set.ts';

/** Samples over which the gates are averaged for the ranking. */
const rankingSamples = 2048;

/** Trains the attention; `teacherLogits` are `float32[count, classes]` of all samples. */
export async function trainAttention(
  context: StepContext,
  tail: Tail,
  teacherLogits: Float32Array,
): Promise<TensorMap> {
  const { set, recipe } = context;
  const [channels = 0, height = 0, width = 0] = set.features.mapShape;
  const batchSize = Math.min(recipe.batchSize, set.train.length);
  return optimize({
    ...context,
    name: 'attention',
    seed: recipe.seed + stepSeeds.attention,
    epochs: recipe.epochs.attention,
    batchSize,
    learningRate: recipe.learningRates.attention,
    samples: set.train,
    parameters: initialAttention(channels, recipe.seed + stepSeeds.attention),
    build: (graph, trained) => {
      const maps = input(graph, 'maps', 'float32', [batchSize, channels, height, width]);
      const targets = input(graph, 'targets', 'float32', [batchSize, set.classes]);
      const teacher = input(graph, 'teacher', 'float32', [batchSize, set.classes]);
      const gates = attentionGates(maps, trained);
      const logits = tail.logits(applyGates(maps, gates));
      const openness = reduceMean(gates, [0, 1], 0);
      const task = add(
        klDivergence(teacher, logits, recipe.distillationTemperature),
        softmaxCrossEntropy(logits, targets),
      );
      return { loss: add(task, mulScalar(openness, recipe.attentionSparsity)), metrics: { openness, task } };
    },
    batch: async (samples) => ({
      maps: await set.features.readMaps(samples),
      targets: oneHot(set, samples),
      teacher: rowsOf(teacherLogits, set.classes, samples),
    }),
  });
}

/** Random weights (He et al., ICCV 2015), and gates that start open: sigmoid(2 * 1) = 0.88. */
function initialAttention(channels: number, seed: number): TensorMap {
  const random = createRandom(seed);
  const tensors: Record<string, Tensor<'float32'>> = {};
  for (const [name, shape] of Object.entries(attentionParameters(channels))) {
    const size = shape.reduce((a, b) => a * b, 1);
    const deviation = Math.sqrt(2 / (shape[0] as number));
    const isBias = name.endsWith('/bias');
    const start = name === 'attention/expand/bias' ? 1 : 0;
    const data = Float32Array.from({ length: size }, () => (isBias ? start : 0.1 * deviation * random.normal()));
    tensors[name] = tensor('float32', shape, data);
  }
  return tensors;
}

/** Channels ranked by attention, and what the ranking rests on. */
export interface ChannelRanking {
  /** All channels, most important first. */
  readonly order: readonly number[];
  /** Mean gate of each channel over training pictures. */
  readonly meanGates: readonly number[];
}

/**
 * Ranks feature channels by their mean gate over 2,048 samples of the training part.
 *
 * @see Li et al., "AECNN", ICC 2023, section III (arXiv:2211.13745).
 */
export async function rankChannels(context: StepContext, attention: TensorMap): Promise<ChannelRanking> {
  const { set } = context;
  const [channels = 0] = set.features.mapShape;
  const sums = new Float64Array(channels);
  const samples = set.train.slice(0, rankingSamples);
  const gatesOf = (maps: Value) => ({ gates: attentionGates(maps, constantParameters(maps.graph, attention)) });
  await forwardMaps(context, samples, gatesOf, (outputs) => {
    pickTensor(outputs, 'gates', 'float32').data.forEach((gate, i) => {
      sums[i % channels] = (sums[i % channels] as number) + gate;
    });
  });
  const meanGates = [...sums].map((sum) => sum / samples.length);
  const order = meanGates.map((_, channel) => channel);
  order.sort((a, b) => (meanGates[b] as number) - (meanGates[a] as number) || a - b);
  return { order, meanGates };
}

/** Logits of the gated, otherwise uncompressed feature maps, `float32[samples.length, classes]`. */
export function gatedLogits(
  context: StepContext,
  tail: Tail,
  attention: TensorMap,
  samples: readonly number[],
): Promise<Float32Array> {
  return rowsOfMaps(context, samples, context.set.classes, (maps) =>
    tail.logits(applyGates(maps, attentionGates(maps, constantParameters(maps.graph, attention)))),
  );
}
