/**
 * The learned probability model that puts a price on symbols during training: one logistic distribution a latent channel.
 * Deployment replaces it by integer tables (`core/codec`), fitted to the same symbols.
 *
 * @see Ballé, Laparra, Simoncelli, "End-to-end Optimized Image Compression", ICLR 2017, section 3 (arXiv:1611.01704).
 */

import { addScalar, exp, log, mul, mulScalar, neg, reduceSum, sigmoid, sub, type Value } from '../graph/index.ts';
import type { ParameterShapes, Parameters } from './parameters.ts';

/** Least probability of a symbol, so that an outlier costs 20 bits and not infinitely many. */
const leastProbability = 1e-6;

/** Names and shapes of the rate model's parameters for k latent channels. */
export function rateModelParameters(latentChannels: number): ParameterShapes {
  return { 'rate/mean': [latentChannels, 1, 1], 'rate/log_scale': [latentChannels, 1, 1] };
}

/**
 * Bits that symbols take under the model: `-log2(F(q + 1/2) - F(q - 1/2))` with F a logistic distribution function.
 *
 * @param symbols - `float32[N, k, H, W]`, whole numbers (straight through) or real ones.
 * @returns Sum over the whole batch, `float32[]`.
 */
export function rateBits(symbols: Value, parameters: Parameters): Value {
  const distance = sub(symbols, parameters('rate/mean'));
  const sharpness = exp(neg(parameters('rate/log_scale')));
  const below = (offset: number): Value => sigmoid(mul(addScalar(distance, offset), sharpness));
  const probability = addScalar(sub(below(0.5), below(-0.5)), leastProbability);
  return mulScalar(reduceSum(log(probability), [0, 1, 2, 3], 0), -1 / Math.LN2);
}
