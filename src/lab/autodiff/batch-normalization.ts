/** Batch normalisation in training mode, composed of primitive ops (ONNX's own op in training mode has no CPU gradient). */

import { ShapeError } from '../../core/errors.ts';
import { add, addScalar, div, mul, reduceMean, reshape, sqrt, staticShape, sub, type Value } from '../graph/index.ts';

/** Output of {@link batchNormTraining}. */
export interface BatchNormTraining {
  /** Normalized, scaled and shifted; shape of the input. */
  readonly y: Value;
  /** Mean of each channel over the batch, `float32[C]`. */
  readonly mean: Value;
  /** Variance of each channel over the batch, divided by the number of elements (biased), `float32[C]`. */
  readonly variance: Value;
}

/**
 * Normalizes each channel by the statistics of the batch: `y = gamma (x - mean) / sqrt(variance + epsilon) + beta`.
 *
 * @param x - Feature map `float32[N, C, H, W]`, or channels-last rows `float32[M, C]`.
 * @param gamma - `float32[C]`.
 * @param beta - `float32[C]`.
 * @throws {@link ShapeError} for any other rank.
 * @see Ioffe and Szegedy, "Batch Normalization", 2015, algorithm 1 (arXiv:1502.03167).
 */
export function batchNormTraining(x: Value, gamma: Value, beta: Value, epsilon: number): BatchNormTraining {
  const shape = staticShape(x);
  if (shape.length !== 4 && shape.length !== 2) {
    throw new ShapeError(`batchNormTraining takes [N, C, H, W] or [M, C], got [${shape.join(', ')}]`);
  }
  const C = shape[1] as number;
  const axes = shape.length === 4 ? [0, 2, 3] : [0];
  const channelShape = shape.map((_, axis) => (axis === 1 ? C : 1));
  const mean = reduceMean(x, axes);
  const centred = sub(x, mean);
  const variance = reduceMean(mul(centred, centred), axes);
  const scale = div(reshape(gamma, channelShape), sqrt(addScalar(variance, epsilon)));
  return {
    y: add(mul(centred, scale), reshape(beta, channelShape)),
    mean: reshape(mean, [C]),
    variance: reshape(variance, [C]),
  };
}
