/** Channel attention: which feature channels matter, learned (the module that AECNN inserts at the split point). */

import { ShapeError } from '../../core/errors.ts';
import { add, gemm, mul, reduceMax, reduceMean, relu, reshape, sigmoid, type Value } from '../graph/index.ts';
import type { ParameterShapes, Parameters } from './parameters.ts';

/** C / hidden width of the attention's MLP. */
const attentionReduction = 16;

/** Names and shapes of the attention's parameters for C feature channels. */
export function attentionParameters(channels: number): ParameterShapes {
  const hidden = channels / attentionReduction;
  if (!Number.isInteger(hidden))
    throw new ShapeError(`attention over ${channels} channels: not a multiple of ${attentionReduction}`);
  return {
    'attention/reduce/weights': [channels, hidden],
    'attention/reduce/bias': [hidden],
    'attention/expand/weights': [hidden, channels],
    'attention/expand/bias': [channels],
  };
}

/**
 * Weighs each feature channel by a learned gate in (0, 1): `s = sigmoid(mlp(avg(x)) + mlp(max(x)))`.
 *
 * @param x - Feature map, `float32[N, C, H, W]`.
 * @returns The gates, `float32[N, C]`.
 * @see Woo et al., "CBAM", ECCV 2018, section 3.1 (arXiv:1807.06521); Li et al., "AECNN", ICC 2023 (arXiv:2211.13745).
 */
export function attentionGates(x: Value, parameters: Parameters): Value {
  const [batch = 'N', channels = 0] = x.shape;
  const branch = (pooled: Value): Value => {
    const rows = reshape(pooled, [batch, channels]);
    const hidden = relu(gemm(rows, parameters('attention/reduce/weights'), parameters('attention/reduce/bias')));
    return gemm(hidden, parameters('attention/expand/weights'), parameters('attention/expand/bias'));
  };
  return sigmoid(add(branch(reduceMean(x, [2, 3])), branch(reduceMax(x, [2, 3]))));
}

/** Multiplies each channel of `x`, `float32[N, C, H, W]`, by its gate, `float32[N, C]`. */
export function applyGates(x: Value, gates: Value): Value {
  const [batch = 'N', channels = 0] = x.shape;
  return mul(x, reshape(gates, [batch, channels, 1, 1]));
}
