/**
 * Steps 3 and 4: feature encoder and decoder, first to rebuild the feature map, then to keep the answer.
 *
 * Step 3 starts from the closed form and minimizes the squared error of the feature map; step 4 minimizes cross-entropy and
 * distillation from the teacher through the tail. Both quantize in the loop, each picture as far as some number of chunks
 * tells it, and pay for every bit.
 */

import { knownWidths } from '../../core/codec/index.ts';
import { createRandom, shuffled, type TensorMap, tensor } from '../../core/tensor/index.ts';
import { klDivergence, meanSquaredError, softmaxCrossEntropy } from '../autodiff/index.ts';
import { add, div, type Graph, input, mul, mulScalar, reduceMean, type Value } from '../graph/index.ts';
import {
  applyGates,
  attentionGates,
  type CompressorShape,
  constantParameters,
  decodeFeatures,
  encodeFeatures,
  latentSize,
  type Parameters,
  rateBits,
} from '../networks/index.ts';
import { prefixBits } from './compressor-plan.ts';
import { planPrefixes } from './entropy-step.ts';
import { type OptimizeResult, optimize, type Plateau } from './optimize.ts';
import { quantizePrefix } from './prefix-quantizer.ts';
import { createRateController } from './rate-controller.ts';
import { largestSymbol, type TrainRecipe } from './recipe.ts';
import { type StepContext, stepSeeds } from './step-context.ts';
import { isLastStageParameter, type Tail, tailLearningRate } from './tail.ts';
import { oneHot, rowsOf } from './training-set.ts';

/** Gains and rate model move on a logarithmic scale and need a higher learning rate to have an effect. */
const logScaleRate = 30;

/** Prices of a bit, in units of each step's loss, that lead near `pricedBits` at conv4_x: a start for the controller. */
const initialBitPrices = { reconstruction: 3e-3, task: 1e-4 };
const pricedBits = 5_300;

/** Distortion falls steeply with the rate: the price of a bit falls with this power of the bits of a prefix. */
const pricePower = 1.5;

/** The compressor inside a training graph. */
interface CompressedBatch {
  readonly maps: Value;
  readonly restored: Value;
  /** What the bits of all pictures cost at the price of the prefix of each, mean over the batch. */
  readonly cost: Value;
  /** Bits of each picture over those that its prefix should have, mean over the batch. */
  readonly fill: Value;
}

function compressedBatch(
  graph: Graph,
  batchSize: number,
  shape: CompressorShape,
  recipe: TrainRecipe,
  parameters: Parameters,
): CompressedBatch {
  const maps = input(graph, 'maps', 'float32', [batchSize, ...shape.featureShape]);
  const widths = input(graph, 'widths', 'float32', [batchSize, shape.latentChannels, latentSize, latentSize]);
  const gated = applyGates(maps, attentionGates(maps, parameters));
  const known = quantizePrefix(encodeFeatures(gated, shape, parameters), widths, largestSymbol(recipe));
  const bits = rateBits(known, parameters);
  return {
    maps,
    restored: decodeFeatures(known.values, shape, parameters),
    cost: reduceMean(mul(bits, input(graph, 'bit_prices', 'float32', [batchSize])), [0], 0),
    fill: reduceMean(div(bits, input(graph, 'planned_bits', 'float32', [batchSize])), [0], 0),
  };
}

/**
 * What both steps share: a prefix for each picture of a batch, the price of its bits, learning-rate factors, notes for
 * checkpoints.
 *
 * The prefixes of a batch are spread evenly over all, in random order, so that every batch sees long and short ones.
 */
async function prefixTraining(
  context: StepContext,
  shape: CompressorShape,
  start: TensorMap,
  initialBitPrice: number,
  seed: number,
) {
  const { recipe } = context;
  const plan = await planPrefixes(context, shape, start);
  const widths = Array.from({ length: plan.chunks }, (_, i) => knownWidths(plan, i + 1));
  const planned = prefixBits(recipe).slice(0, plan.chunks);
  const controller = createRateController(initialBitPrice, 1);
  return {
    learningRateFactor: (name: string) => (/^(quantizer|rate)\//.test(name) ? logScaleRate : 1),
    afterStep: (metrics: Readonly<Record<string, number>>) => controller.update(metrics.fill ?? 0),
    notes: { save: controller.save, restore: controller.restore },
    prefixInputs: (batchSize: number, step: number): TensorMap => {
      const prefixes = recipe.progressive
        ? spread(batchSize, plan.chunks, seed + step)
        : Array<number>(batchSize).fill(plan.chunks - 1);
      const bits = prefixes.map((prefix) => planned[prefix] as number);
      const all = new Float32Array(batchSize * (widths[0]?.length ?? 0));
      prefixes.forEach((prefix, i) => {
        const ofPrefix = widths[prefix] as Float32Array;
        all.set(ofPrefix, i * ofPrefix.length);
      });
      const prices = bits.map((count) => controller.bitPrice * (pricedBits / count) ** pricePower);
      return {
        widths: tensor('float32', [batchSize, shape.latentChannels, latentSize, latentSize], all),
        bit_prices: tensor('float32', [batchSize], Float32Array.from(prices)),
        planned_bits: tensor('float32', [batchSize], Float32Array.from(bits)),
      };
    },
  };
}

/** So many whole numbers below `end`, as evenly spread as can be, in random order. */
function spread(count: number, end: number, seed: number): number[] {
  const random = createRandom(seed);
  const offset = random.uniform();
  return shuffled(
    Array.from({ length: count }, (_, i) => Math.floor(((i + offset) * end) / count)),
    random,
  );
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
  const seed = recipe.seed + stepSeeds.reconstruction;
  const { prefixInputs, ...rate } = await prefixTraining(
    context,
    shape,
    { ...attention, ...start },
    initialBitPrices.reconstruction,
    seed,
  );
  return optimize({
    ...context,
    ...rate,
    ...(validate ? { validate } : {}),
    name: 'reconstruction',
    seed,
    epochs: recipe.epochs.reconstruction,
    batchSize,
    learningRate: recipe.learningRates.reconstruction,
    samples: set.train,
    parameters: start,
    build: (graph, trained) => {
      const fixed = constantParameters(graph, attention);
      const parameters: Parameters = (name) => (name.startsWith('attention/') ? fixed(name) : trained(name));
      const { maps, restored, cost, fill } = compressedBatch(graph, batchSize, shape, recipe, parameters);
      const error = meanSquaredError(restored, maps);
      return { loss: add(mulScalar(error, 100), cost), metrics: { error, fill } };
    },
    batch: async (samples, step) => ({
      maps: await set.features.readMaps(samples),
      ...prefixInputs(samples.length, step),
    }),
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

/** Step 4: trains for the answer, through the frozen tail (`task`) or together with its last stage (`fine-tune`). */
export async function trainTask(context: StepContext, options: TaskOptions): Promise<OptimizeResult> {
  const { set, recipe } = context;
  const { shape, tail, teacherLogits, validate, plateau } = options;
  const batchSize = Math.min(recipe.batchSize, set.train.length);
  const seed = recipe.seed + stepSeeds[options.name];
  const { prefixInputs, learningRateFactor, ...rate } = await prefixTraining(
    context,
    shape,
    options.start,
    initialBitPrices.task,
    seed,
  );
  return optimize({
    ...context,
    ...rate,
    ...(validate ? { validate } : {}),
    ...(plateau ? { plateau } : {}),
    learningRateFactor: (name) => (isLastStageParameter(name) ? tailLearningRate : learningRateFactor(name)),
    name: options.name,
    seed,
    epochs: options.epochs,
    batchSize,
    learningRate: options.learningRate,
    samples: set.train,
    parameters: options.start,
    build: (graph, trained) => {
      const { restored, cost, fill } = compressedBatch(graph, batchSize, shape, recipe, trained);
      const targets = input(graph, 'targets', 'float32', [batchSize, set.classes]);
      const teacher = input(graph, 'teacher', 'float32', [batchSize, set.classes]);
      const logits = tail(trained).logits(restored);
      const task = add(
        klDivergence(teacher, logits, recipe.distillationTemperature),
        softmaxCrossEntropy(logits, targets),
      );
      return { loss: add(task, cost), metrics: { task, fill } };
    },
    batch: async (samples, step) => ({
      maps: await set.features.readMaps(samples),
      targets: oneHot(set, samples),
      teacher: rowsOf(teacherLogits, set.classes, samples),
      ...prefixInputs(samples.length, step),
    }),
  });
}
