/**
 * Steps 3 and 4: feature encoder and decoder, first to rebuild the feature map, then to keep the answer.
 *
 * Step 3 starts from the closed form and minimizes the squared error of the feature map; step 4 minimizes cross-entropy and
 * distillation from the teacher through the tail. Both quantize in the loop (straight through) and pay for every bit.
 */

import { scalar, type Tensor, type TensorMap } from '../../core/tensor/index.ts';
import { klDivergence, meanSquaredError, quantizeStraightThrough, softmaxCrossEntropy } from '../autodiff/index.ts';
import { add, type Graph, input, mul, mulScalar, type Value } from '../graph/index.ts';
import {
  applyGates,
  attentionGates,
  type CompressorShape,
  constantParameters,
  decodeFeatures,
  encodeFeatures,
  type Parameters,
  rateBits,
} from '../networks/index.ts';
import { targetBits } from './compressor-plan.ts';
import { type OptimizeResult, optimize, type Plateau } from './optimize.ts';
import { createRateController } from './rate-controller.ts';
import { type StepContext, stepSeeds } from './step-context.ts';
import { isLastStageParameter, type Tail } from './tail.ts';
import { oneHot, rowsOf } from './training-set.ts';

/** Gains and rate model move on a logarithmic scale and need a higher learning rate to have an effect. */
const logScaleRate = 30;

/** Prices of a bit, in units of each step's loss, that lead near `pricedBits` at conv4_x: a start for the controller. */
const initialBitPrices = { reconstruction: 3e-3, task: 1e-4 };
const pricedBits = 5_300;

/** The compressor inside a training graph. */
interface CompressedBatch {
  readonly maps: Value;
  readonly restored: Value;
  /** Payload bits a picture, mean over the batch. */
  readonly bits: Value;
}

function compressedBatch(
  graph: Graph,
  batchSize: number,
  shape: CompressorShape,
  bitsPerSymbol: number,
  parameters: Parameters,
): CompressedBatch {
  const maps = input(graph, 'maps', 'float32', [batchSize, ...shape.featureShape]);
  const gated = applyGates(maps, attentionGates(maps, parameters));
  const latent = encodeFeatures(gated, shape, parameters);
  const symbols = quantizeStraightThrough(latent, -(2 ** (bitsPerSymbol - 1)), 2 ** (bitsPerSymbol - 1) - 1);
  const bits = mulScalar(rateBits(symbols, parameters), 1 / batchSize);
  return { maps, restored: decodeFeatures(symbols, shape, parameters), bits };
}

/** Distortion falls steeply with the rate: a bit of a larger frame is worth less. */
const startPrice = (context: StepContext, step: keyof typeof initialBitPrices): number =>
  initialBitPrices[step] * (pricedBits / targetBits(context)) ** 1.5;

/** What both steps share: price of bits, learning-rate factors, notes for checkpoints. */
function rateAware(context: StepContext, initialBitPrice: number) {
  const controller = createRateController(initialBitPrice, targetBits(context));
  return {
    learningRateFactor: (name: string) => (/^(quantizer|rate)\//.test(name) ? logScaleRate : 1),
    afterStep: (metrics: Readonly<Record<string, number>>) => controller.update(metrics.bits ?? 0),
    notes: { save: controller.save, restore: controller.restore },
    bitPrice: (): Tensor => scalar(controller.bitPrice),
  };
}

/** Measures validation accuracy in the course of a training. */
export type Validate = (parameters: TensorMap) => Promise<number>;

/** Step 3: trains encoder and decoder to rebuild the feature map; the attention stays as it is. */
export async function trainReconstruction(
  context: StepContext,
  shape: CompressorShape,
  attention: TensorMap,
  start: TensorMap,
  validate?: Validate,
): Promise<OptimizeResult> {
  const { set, recipe } = context;
  const batchSize = Math.min(recipe.batchSize, set.train.length);
  const { bitPrice, ...rate } = rateAware(context, startPrice(context, 'reconstruction'));
  return optimize({
    ...context,
    ...rate,
    ...(validate ? { validate } : {}),
    name: 'reconstruction',
    seed: recipe.seed + stepSeeds.reconstruction,
    epochs: recipe.epochs.reconstruction,
    batchSize,
    learningRate: recipe.learningRates.reconstruction,
    samples: set.train,
    parameters: start,
    build: (graph, trained) => {
      const fixed = constantParameters(graph, attention);
      const parameters: Parameters = (name) => (name.startsWith('attention/') ? fixed(name) : trained(name));
      const { maps, restored, bits } = compressedBatch(graph, batchSize, shape, recipe.bits, parameters);
      const error = meanSquaredError(restored, maps);
      const loss = add(mulScalar(error, 100), mul(bits, input(graph, 'bit_price', 'float32', [])));
      return { loss, metrics: { error, bits } };
    },
    batch: async (samples) => ({ maps: await set.features.readMaps(samples), bit_price: bitPrice() }),
  });
}

/** What step 4 trains, and through which tail. */
export interface TaskOptions {
  readonly name: 'task' | 'fine-tune';
  readonly shape: CompressorShape;
  /** Attention, compressor and rate model; with `fine-tune` the tail's parameters too. */
  readonly start: TensorMap;
  readonly tail: (trained: Parameters) => Tail;
  /** `float32[count, classes]` of all samples. */
  readonly teacherLogits: Float32Array;
  readonly epochs: number;
  readonly learningRate: number;
  readonly validate?: Validate;
  /** Keeps the learning rate until a plateau, as `optimize` says; half a cosine when left out. */
  readonly plateau?: Plateau;
}

/** A fine-tuned tail moves slowly: the share of the compressor's learning rate that it gets. */
export const tailLearningRate = 0.1;

/** Step 4: trains for the answer, through the frozen tail (`task`) or together with its last stage (`fine-tune`). */
export async function trainTask(context: StepContext, options: TaskOptions): Promise<OptimizeResult> {
  const { set, recipe } = context;
  const { shape, tail, teacherLogits, validate, plateau } = options;
  const batchSize = Math.min(recipe.batchSize, set.train.length);
  const { bitPrice, learningRateFactor, ...rate } = rateAware(context, startPrice(context, 'task'));
  return optimize({
    ...context,
    ...rate,
    ...(validate ? { validate } : {}),
    ...(plateau ? { plateau } : {}),
    learningRateFactor: (name) => (isLastStageParameter(name) ? tailLearningRate : learningRateFactor(name)),
    name: options.name,
    seed: recipe.seed + stepSeeds[options.name],
    epochs: options.epochs,
    batchSize,
    learningRate: options.learningRate,
    samples: set.train,
    parameters: options.start,
    build: (graph, trained) => {
      const { restored, bits } = compressedBatch(graph, batchSize, shape, recipe.bits, trained);
      const targets = input(graph, 'targets', 'float32', [batchSize, set.classes]);
      const teacher = input(graph, 'teacher', 'float32', [batchSize, set.classes]);
      const logits = tail(trained).logits(restored);
      const task = add(
        klDivergence(teacher, logits, recipe.distillationTemperature),
        softmaxCrossEntropy(logits, targets),
      );
      const loss = add(task, mul(bits, input(graph, 'bit_price', 'float32', [])));
      return { loss, metrics: { task, bits } };
    },
    batch: async (samples) => ({
      maps: await set.features.readMaps(samples),
      targets: oneHot(set, samples),
      teacher: rowsOf(teacherLogits, set.classes, samples),
      bit_price: bitPrice(),
    }),
  });
}
