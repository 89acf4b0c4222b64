/**
 * The compressor at the split point: feature encoder, quantizer, feature decoder.
 *
 * ```
 * feature map [C,H,W] ─► gates ─► selected channels ─► space to depth ─► 1x1 ─► DCT ─► latent [k,7,7] * gain ─► round
 *   ─► symbols ─► / gain ─► inverse DCT ─► 1x1 ─────────────────────────┬─► + ─► depth to space ─► ReLU ─► feature map [C,H,W]
 *                                       └─► 3x3 ─► ReLU ─► 1x1 ─────────┘
 * ```
 *
 * Departs from the paper in three points: the encoder is linear, because it then has a closed-form start (see
 * `lab/training/closed-form.ts`); what is quantized are frequencies and not positions (see `spatial-transform.ts`); and a
 * gain for each latent element sets its quantizer step, so that elements that carry less get fewer bits.
 */

import { ShapeError } from '../../core/errors.ts';
import {
  add,
  conv,
  exp,
  gather,
  int64Constant,
  mul,
  neg,
  relu,
  reshape,
  transpose,
  type Value,
} from '../graph/index.ts';
import type { ParameterShapes, Parameters } from './parameters.ts';
import { toFrequencies, toPositions } from './spatial-transform.ts';

/** Height and width of every latent. */
export const latentSize = 7;

/** What fixes the shapes of a compressor. */
export interface CompressorShape {
  /** `[C, H, W]` of the feature map; H and W are equal, and multiples of 7. */
  readonly featureShape: readonly [number, number, number];
  /** Feature channels that enter the encoder, most important first. */
  readonly selectedChannels: readonly number[];
  readonly latentChannels: number;
  /** Width of the decoder's 3x3 branch; 0 leaves the linear decoder alone. */
  readonly decoderWidth: number;
}

/** Side of the square of positions that one latent position stands for. */
export function patchSize({ featureShape: [, height, width] }: Pick<CompressorShape, 'featureShape'>): number {
  if (height !== width || height % latentSize !== 0) {
    throw new ShapeError(`feature maps must be square and a multiple of ${latentSize}, got ${height}x${width}`);
  }
  return height / latentSize;
}

/** Names and shapes of the compressor's parameters (without the attention's). */
export function compressorParameters(shape: CompressorShape): ParameterShapes {
  const { latentChannels: k, decoderWidth, featureShape, selectedChannels } = shape;
  const positions = patchSize(shape) ** 2;
  const inputs = selectedChannels.length * positions;
  const outputs = featureShape[0] * positions;
  return {
    'encoder/weights': [k, inputs, 1, 1],
    'encoder/bias': [k],
    'quantizer/log_gain': [k, latentSize, latentSize],
    'decoder/linear/weights': [outputs, k, 1, 1],
    'decoder/bias': [outputs],
    ...(decoderWidth === 0
      ? {}
      : {
          'decoder/hidden/weights': [decoderWidth, k, 3, 3],
          'decoder/hidden/bias': [decoderWidth],
          'decoder/output/weights': [outputs, decoderWidth, 1, 1],
        }),
  };
}

/** `[N, C, H, W]` to `[N, C * p * p, H / p, W / p]`; channel `(c * p + y) * p + x`. */
export function spaceToDepth(x: Value, patch: number): Value {
  if (patch === 1) return x;
  const [batch = 'N', channels, height, width] = x.shape as [Value['shape'][number], number, number, number];
  const [rows, columns] = [height / patch, width / patch];
  const split = reshape(x, [batch, channels, rows, patch, columns, patch]);
  return reshape(transpose(split, [0, 1, 3, 5, 2, 4]), [batch, channels * patch * patch, rows, columns]);
}

/** The inverse of `spaceToDepth`. */
export function depthToSpace(x: Value, patch: number): Value {
  if (patch === 1) return x;
  const [batch = 'N', deep, rows, columns] = x.shape as [Value['shape'][number], number, number, number];
  const channels = deep / (patch * patch);
  const split = reshape(x, [batch, channels, patch, patch, rows, columns]);
  return reshape(transpose(split, [0, 1, 4, 2, 5, 3]), [batch, channels, rows * patch, columns * patch]);
}

/** The selected channels of a gated feature map as the encoder's input, `float32[N, selected * p * p, 7, 7]`. */
export function encoderInput(gated: Value, shape: CompressorShape): Value {
  const all = shape.featureShape[0] === shape.selectedChannels.length;
  const identity = all && shape.selectedChannels.every((channel, i) => channel === i);
  const selected = identity ? gated : gather(gated, int64Constant(gated.graph, shape.selectedChannels), 1);
  return spaceToDepth(selected, patchSize(shape));
}

/**
 * The feature encoder.
 *
 * @param gated - Feature map times its gates, `float32[N, C, H, W]`.
 * @returns Latent, frequencies of each channel in units of the quantizer's step, `float32[N, k, 7, 7]`.
 */
export function encodeFeatures(gated: Value, shape: CompressorShape, parameters: Parameters): Value {
  const latent = conv(encoderInput(gated, shape), parameters('encoder/weights'), parameters('encoder/bias'));
  return mul(toFrequencies(latent), exp(parameters('quantizer/log_gain')));
}

/**
 * The light feature decoder.
 *
 * @param symbols - Dequantized latent in units of the quantizer's step, `float32[N, k, 7, 7]`.
 * @returns Restored feature map, `float32[N, C, H, W]`.
 */
export function decodeFeatures(symbols: Value, shape: CompressorShape, parameters: Parameters): Value {
  const latent = toPositions(mul(symbols, exp(neg(parameters('quantizer/log_gain')))));
  const linear = conv(latent, parameters('decoder/linear/weights'), parameters('decoder/bias'));
  if (shape.decoderWidth === 0) return relu(depthToSpace(linear, patchSize(shape)));
  const hidden = relu(
    conv(latent, parameters('decoder/hidden/weights'), parameters('decoder/hidden/bias'), { pads: [1, 1, 1, 1] }),
  );
  const correction = conv(hidden, parameters('decoder/output/weights'));
  return relu(depthToSpace(add(linear, correction), patchSize(shape)));
}
