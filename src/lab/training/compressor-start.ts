/** The compressor's parameters at the start of step 3: encoder and linear decoder in closed form, the rest at rest. */

import { createRandom, pickTensor, type Tensor, type TensorMap, zeros } from '../../core/tensor/index.ts';
import { gemm, reduceSum, reshape, transpose, type Value } from '../graph/index.ts';
import {
  applyGates,
  attentionGates,
  type CompressorShape,
  compressorParameters,
  constantParameters,
  encoderInput,
  latentSize,
  patchSize,
  rateModelParameters,
  spaceToDepth,
} from '../networks/index.ts';
import { emptyMoments, linearStart, type Moments, stepSizeForRate } from './closed-form.ts';
import { targetBits } from './compressor-plan.ts';
import { forwardMaps } from './forward-maps.ts';
import { type StepContext, stepSeeds } from './step-context.ts';

/** Samples that the closed form is computed from; more do not change it. */
const momentSamples = 4096;

/** Compressor and rate model at the start, in closed form. */
export async function closedFormCompressor(
  context: StepContext,
  shape: CompressorShape,
  attention: TensorMap,
): Promise<TensorMap> {
  const moments = await featureMoments(context, shape, attention);
  const start = linearStart(moments, shape.latentChannels);
  const stepSize = stepSizeForRate(start.latentVariances, targetBits(context) / latentSize ** 2);
  const random = createRandom(context.recipe.seed + stepSeeds.reconstruction);
  const tensors: Record<string, Tensor> = {};
  for (const [name, size] of Object.entries(compressorParameters(shape))) tensors[name] = zeros('float32', size);
  const hidden = pickTensor(tensors, 'decoder/hidden/weights', 'float32');
  const deviation = Math.sqrt(2 / (shape.latentChannels * 9));
  hidden.data.forEach((_, i) => {
    hidden.data[i] = (deviation * random.normal()) / stepSize;
  });
  pickTensor(tensors, 'quantizer/log_gain', 'float32').data.fill(-Math.log(stepSize));
  const rate: Record<string, Tensor> = {};
  for (const [name, size] of Object.entries(rateModelParameters(shape.latentChannels)))
    rate[name] = zeros('float32', size);
  // A logistic distribution of scale s has the standard deviation s * pi / sqrt(3).
  pickTensor(rate, 'rate/log_scale', 'float32').data.set(
    start.latentVariances.map((v) => Math.log(Math.max(0.1, (Math.sqrt(v) / stepSize) * (Math.sqrt(3) / Math.PI)))),
  );
  return {
    ...tensors,
    ...rate,
    'encoder/weights': start.encoderWeights,
    'encoder/bias': start.encoderBias,
    'decoder/linear/weights': start.decoderWeights,
    'decoder/bias': start.decoderBias,
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
      pickTensor(outputs, key, 'float32').data.forEach((value, i) => {
        sum[i] = (sum[i] as number) + value;
      });
    }
  });
  return moments;
}
