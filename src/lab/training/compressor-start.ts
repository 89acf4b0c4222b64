/** The compressor's parameters at the start of step 3: encoder and linear decoder in closed form (or at random), the rest at rest. */

import {
  createRandom,
  elementCount,
  pickTensor,
  type Shape,
  type Tensor,
  type TensorMap,
  tensor,
  zeros,
} from '../../core/tensor/index.ts';
import { gemm, mul, reduceMean, reduceSum, reshape, transpose, type Value } from '../graph/index.ts';
import {
  applyGates,
  attentionGates,
  type CompressorShape,
  compressorParameters,
  constantParameters,
  encodeFeatures,
  encoderInput,
  latentSize,
  patchSize,
  rateModelParameters,
  spaceToDepth,
} from '../networks/index.ts';
import { emptyMoments, type LinearStart, linearStart, type Moments, stepSizeForRate } from './closed-form.ts';
import { prefixBits } from './compressor-plan.ts';
import { forwardMaps } from './forward-maps.ts';
import { type StepContext, stepSeeds } from './step-context.ts';

/** Samples that the closed form is computed from; more do not change it. */
const momentSamples = 4096;

/** Samples that the first gains are computed from. */
const gainSamples = 1024;

/** Quantizer steps at the start are so fine that whole symbols would take so many times the bits that are to be sent. */
const spareBits = 1.2;

/** Compressor and rate model at the start, as the recipe wants it. */
export async function startCompressor(
  context: StepContext,
  shape: CompressorShape,
  attention: TensorMap,
): Promise<TensorMap> {
  const start =
    context.recipe.start === 'random'
      ? await randomStart(context, shape)
      : linearStart(await featureMoments(context, shape, attention), shape.latentChannels);
  const random = createRandom(context.recipe.seed + stepSeeds.reconstruction);
  const tensors: Record<string, Tensor<'float32'>> = {};
  const shapes = { ...compressorParameters(shape), ...rateModelParameters(shape.latentChannels) };
  for (const [name, size] of Object.entries(shapes)) tensors[name] = zeros('float32', size);
  Object.assign(tensors, {
    'encoder/weights': start.encoderWeights,
    'encoder/bias': start.encoderBias,
    'decoder/linear/weights': start.decoderWeights,
    'decoder/bias': start.decoderBias,
  });
  const { means, variances } = await latentMoments(context, shape, { ...attention, ...tensors });
  const stepSize = stepSizeForRate(variances, spareBits * (prefixBits(context.recipe).at(-1) ?? 0));
  if (shape.decoderWidth > 0) {
    const hidden = pickTensor(tensors, 'decoder/hidden/weights', 'float32');
    const deviation = Math.sqrt(2 / (shape.latentChannels * 9));
    hidden.data.forEach((_, i) => {
      hidden.data[i] = (deviation * random.normal()) / stepSize;
    });
  }
  pickTensor(tensors, 'quantizer/log_gain', 'float32').data.fill(-Math.log(stepSize));
  pickTensor(tensors, 'rate/mean', 'float32').data.set(means.map((value) => value / stepSize));
  // A logistic distribution of scale s has the standard deviation s * pi / sqrt(3).
  pickTensor(tensors, 'rate/log_scale', 'float32').data.set(
    variances.map((v) => Math.log(Math.max(0.1, (Math.sqrt(v) / stepSize) * (Math.sqrt(3) / Math.PI)))),
  );
  return tensors;
}

/** Mean and variance of each latent element, `k * 49`, before there are gains. */
async function latentMoments(
  context: StepContext,
  shape: CompressorShape,
  tensors: TensorMap,
): Promise<{ readonly means: readonly number[]; readonly variances: readonly number[] }> {
  const elements = shape.latentChannels * latentSize ** 2;
  const [sums, squares] = [new Float64Array(elements), new Float64Array(elements)];
  const samples = context.set.train.slice(0, gainSamples);
  await forwardMaps(
    context,
    samples,
    (maps) => {
      const parameters = constantParameters(maps.graph, tensors);
      const latent = encodeFeatures(applyGates(maps, attentionGates(maps, parameters)), shape, parameters);
      return { sums: reduceSum(latent, [0], 0), squares: reduceSum(mul(latent, latent), [0], 0) };
    },
    (outputs) => {
      addTo(sums, pickTensor(outputs, 'sums', 'float32').data);
      addTo(squares, pickTensor(outputs, 'squares', 'float32').data);
    },
  );
  const means = [...sums].map((sum) => sum / samples.length);
  const variances = means.map((mean, i) => Math.max(1e-12, (squares[i] as number) / samples.length - mean ** 2));
  return { means, variances };
}

function addTo(sums: Float64Array, values: Float32Array): void {
  values.forEach((value, i) => {
    sums[i] = (sums[i] as number) + value;
  });
}

/**
 * A linear start that knows nothing but the size of the features: normal weights (He et al., ICCV 2015), scaled so that
 * latents of ungated features have a mean square of about one.
 */
async function randomStart(context: StepContext, shape: CompressorShape): Promise<LinearStart> {
  const { set, recipe } = context;
  const random = createRandom(recipe.seed + stepSeeds['random-start']);
  const k = shape.latentChannels;
  const inputs = shape.selectedChannels.length * patchSize(shape) ** 2;
  const outputs = shape.featureShape[0] * patchSize(shape) ** 2;
  let sum = 0;
  const samples = set.train.slice(0, 256);
  const meanSquare = (maps: Value) => ({ square: reduceMean(mul(maps, maps), [0, 1, 2, 3], 0) });
  await forwardMaps(context, samples, meanSquare, (result, batch) => {
    sum += Number(pickTensor(result, 'square', 'float32').data[0]) * batch.length;
  });
  const normal = (shapeOf: Shape, deviation: number): Tensor<'float32'> =>
    tensor(
      'float32',
      shapeOf,
      Float32Array.from({ length: elementCount(shapeOf) }, () => deviation * random.normal()),
    );
  return {
    encoderWeights: normal([k, inputs, 1, 1], 1 / Math.sqrt((inputs * sum) / samples.length)),
    encoderBias: zeros('float32', [k]),
    decoderWeights: normal([outputs, k, 1, 1], Math.sqrt(2 / k)),
    decoderBias: zeros('float32', [outputs]),
    latentVariances: Array.from({ length: k }, () => 1),
  };
}

async function featureMoments(context: StepContext, shape: CompressorShape, attention: TensorMap): Promise<Moments> {
  const { set } = context;
  const patch = patchSize(shape);
  const inputs = shape.selectedChannels.length * patch ** 2;
  const moments = emptyMoments(inputs, shape.featureShape[0] * patch ** 2);
  const rows = (x: Value): Value => reshape(transpose(x, [0, 2, 3, 1]), ['M', x.shape[1] as number]);
  const sumsOf = (maps: Value): Record<keyof typeof sums, Value> => {
    const gated = applyGates(maps, attentionGates(maps, constantParameters(maps.graph, attention)));
    const x = rows(encoderInput(gated, shape));
    const y = rows(spaceToDepth(maps, patch));
    return {
      sumX: reduceSum(x, [0], 0),
      sumY: reduceSum(y, [0], 0),
      sumXX: gemm(x, x, undefined, { transA: 1 }),
      sumXY: gemm(x, y, undefined, { transA: 1 }),
    };
  };
  const { rows: _rows, ...sums } = moments;
  await forwardMaps(context, set.train.slice(0, momentSamples), sumsOf, (outputs, batch) => {
    moments.rows += batch.length * latentSize ** 2;
    for (const [key, sum] of Object.entries(sums)) {
      addTo(sum, pickTensor(outputs, key, 'float32').data);
    }
  });
  return moments;
}
