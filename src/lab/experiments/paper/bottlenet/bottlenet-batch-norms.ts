/** Statistics of BottleNet++'s batch norms over the training part, for evaluation, and over a batch, for training. */

import { pickTensor, type TensorMap, tensor } from '../../../../core/tensor/index.ts';
import { batchNormTraining } from '../../../autodiff/index.ts';
import { mul, reduceMean, sub, type Value } from '../../../graph/index.ts';
import {
  type BottlenetShape,
  batchNormEpsilon,
  constantParameters,
  decoderConvolution,
  encodeBottlenet,
  encoderConvolution,
  type Normalization,
  type Parameters,
  populationNormalization,
} from '../../../networks/index.ts';
import { forwardMaps, type StepContext } from '../../../training/index.ts';
import { receivedOf, sentLevels } from './bottlenet-levels.ts';

/** Batch norm by the statistics of the batch: training mode. */
export function batchNormalization(parameters: Parameters): Normalization {
  return (x, part) => batchNormTraining(x, parameters(`${part}/gamma`), parameters(`${part}/beta`), batchNormEpsilon).y;
}

/**
 * Statistics of the population for both batch norms: over the first training samples, the encoder's first, then the decoder's
 * behind an encoder that already uses its own.
 *
 * @param parameters - Trained parameters.
 * @param sampleCount - Most training samples to look at.
 * @returns `encoder/mean`, `encoder/variance`, `decoder/mean`, `decoder/variance`.
 * @see Ioffe and Szegedy, "Batch Normalization", 2015, algorithm 2 (arXiv:1502.03167).
 */
export async function fitBatchNorms(
  context: StepContext,
  shape: BottlenetShape,
  parameters: TensorMap,
  sampleCount: number,
): Promise<TensorMap> {
  const samples = context.set.train.slice(0, sampleCount);
  const encoder = await channelStatistics(context, samples, (maps) =>
    encoderConvolution(maps, shape, constantParameters(maps.graph, parameters)),
  );
  const encoderNorm = { 'encoder/mean': encoder.mean, 'encoder/variance': encoder.variance };
  const decoder = await channelStatistics(context, samples, (maps) => {
    const values = constantParameters(maps.graph, { ...parameters, ...encoderNorm });
    const levels = sentLevels(encodeBottlenet(maps, shape, values, populationNormalization(values)));
    return decoderConvolution(receivedOf(levels), shape, values);
  });
  return { ...encoderNorm, 'decoder/mean': decoder.mean, 'decoder/variance': decoder.variance };
}

/**
 * A start for the decoder's batch norm: the mean and the spread of the feature map that it is to restore.
 *
 * A gift to the baseline, whose paper says nothing of it: with gamma 1 and beta 0 the frozen tail sees maps of a scale that it
 * does not know, and answers at chance for many epochs at early split points.
 *
 * @returns `decoder/gamma` and `decoder/beta`.
 */
export async function featureScale(context: StepContext, sampleCount: number): Promise<TensorMap> {
  const { mean, variance } = await channelStatistics(context, context.set.train.slice(0, sampleCount), (maps) => maps);
  return { 'decoder/gamma': tensor('float32', variance.shape, variance.data.map(Math.sqrt)), 'decoder/beta': mean };
}

/** Mean and variance of each channel of `float32[N, C, H, W]` over all samples and positions. */
async function channelStatistics(
  context: StepContext,
  samples: readonly number[],
  build: (maps: Value) => Value,
): Promise<{ mean: ReturnType<typeof channelTensor>; variance: ReturnType<typeof channelTensor> }> {
  const sums: number[] = [];
  const squares: number[] = [];
  await forwardMaps(
    context,
    samples,
    (maps) => {
      const x = build(maps);
      const centred = sub(x, reduceMean(x, [0, 2, 3]));
      return { mean: reduceMean(x, [0, 2, 3], 0), variance: reduceMean(mul(centred, centred), [0, 2, 3], 0) };
    },
    (outputs, batch) => {
      const means = pickTensor(outputs, 'mean', 'float32').data;
      const variances = pickTensor(outputs, 'variance', 'float32').data;
      means.forEach((mean, c) => {
        sums[c] = (sums[c] ?? 0) + batch.length * mean;
        squares[c] = (squares[c] ?? 0) + batch.length * ((variances[c] as number) + mean ** 2);
      });
    },
  );
  const means = sums.map((sum) => sum / samples.length);
  // The law of total variance; rounding must not leave it below zero.
  const variances = squares.map((square, c) => Math.max(0, square / samples.length - (means[c] as number) ** 2));
  return { mean: channelTensor(means), variance: channelTensor(variances) };
}

const channelTensor = (values: readonly number[]) => tensor('float32', [values.length], Float32Array.from(values));
