/**
 * Step 2: channel attention inserted at the split point, trained through the frozen tail.
 *
 * The gates are trained to keep the teacher's answer at a price for every open gate, so that they close where they can.
 */

import { createRandom, type Tensor, type TensorMap, tensor } from '../../core/tensor/index.ts';
import { klDivergence, softmaxCrossEntropy } from '../autodiff/index.ts';
import { add, input, mulScalar, reduceMean } from '../graph/index.ts';
import { applyGates, attentionGates, attentionParameters, constantParameters } from '../networks/index.ts';
import { rowsOfMaps } from './forward-maps.ts';
import { optimize } from './optimize.ts';
import { type StepContext, stepSeeds } from './step-context.ts';
import type { Tail } from './tail.ts';
import { oneHot, rowsOf } from './training-set.ts';

/** Trains the attention; `teacherLogits` are `float32[count, classes]` of all samples. */
export async function trainAttention(
  context: StepContext,
  tail: Tail,
  teacherLogits: Float32Array,
): Promise<TensorMap> {
  const { set, recipe } = context;
  const [channels = 0, height = 0, width = 0] = set.features.mapShape;
  const batchSize = Math.min(recipe.batchSize, set.train.length);
  const { parameters } = await optimize({
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
  return parameters;
}

/** Random weights (He et al., ICCV 2015), and gates that start open: sigmoid(2 * 1) = 0.88. */
export function initialAttention(channels: number, seed: number): TensorMap {
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

/** Attention whose gates are open (within 1e-8) for any feature map: none at all, in the same shape. */
export function openGates(channels: number): TensorMap {
  const shapes = Object.entries(attentionParameters(channels));
  return Object.fromEntries(
    shapes.map(([name, shape]): [string, Tensor<'float32'>] => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, tensor('float32', shape, new Float32Array(size).fill(name === 'attention/expand/bias' ? 10 : 0))];
    }),
  );
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
