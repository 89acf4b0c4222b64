/**
 * The learned probability model that puts a price on symbols during training: one logistic distribution a latent element.
 * Deployment replaces it by integer tables (`core/codec`), fitted to the same symbols.
 *
 * @see Ballé, Laparra, Simoncelli, "End-to-end Optimized Image Compression", ICLR 2017, section 3 (arXiv:1611.01704).
 */

import { add, addScalar, exp, log, mul, mulScalar, neg, reduceSum, sigmoid, sub, type Value } from '../graph/index.ts';
import { latentSize } from './compressor.ts';
import type { ParameterShapes, Parameters } from './parameters.ts';

/** Least probability of an interval, so that an outlier costs 20 bits and not infinitely many. */
const leastProbability = 1e-6;

/** Names and shapes of the rate model's parameters for k latent channels. */
export function rateModelParameters(latentChannels: number): ParameterShapes {
  const shape = [latentChannels, latentSize, latentSize];
  return { 'rate/mean': shape, 'rate/log_scale': shape };
}

/** Intervals that latents are known to lie in, each `float32[N, k, 7, 7]` in units of the quantizer's step. */
export interface LatentIntervals {
  readonly middles: Value;
  /** Half of their widths; huge where nothing is known. */
  readonly halves: Value;
}

/**
 * Bits that it takes to tell the intervals: `-log2(F(middle + half) - F(middle - half))`, F a logistic distribution function.
 *
 * @returns Sum over each latent, `float32[N]`.
 */
export function rateBits({ middles, halves }: LatentIntervals, parameters: Parameters): Value {
  const distance = sub(middles, parameters('rate/mean'));
  const sharpness = exp(neg(parameters('rate/log_scale')));
  const below = (edge: Value): Value => sigmoid(mul(edge, sharpness));
  const probability = sub(below(add(distance, halves)), below(sub(distance, halves)));
  return mulScalar(reduceSum(log(addScalar(probability, leastProbability)), [1, 2, 3], 0), -1 / Math.LN2);
}
