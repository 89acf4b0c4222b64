/**
 * BottleNet++ (Shao & Zhang, "BottleNet++: An End-to-End Approach for Feature Compression in Device-Edge Co-Inference
 * Systems", ICC Workshops 2020, arXiv:1910.14315): the baseline that our compressor is compared with.
 *
 * ```
 * feature map [C,H,W] ─► Conv 3x3, or 2x2 stride 2 ─► batch norm ─► sigmoid ─► * 255, round ─► k h w bytes
 *   ─► / 255 ─► Conv 3x3, or ConvTranspose 2x2 stride 2 ─► batch norm ─► ReLU ─► feature map [C,H,W]
 * ```
 *
 * The twist: a 2x2 convolution of stride 2 is a 1x1 convolution of the map whose 2x2 squares were moved into the channels,
 * and its transpose likewise: the same weights in the same order, and matrix products are what ONNX Runtime is fastest at.
 *
 * Departs from the paper in three points: the erasure probability is not an input of the encoder, because it is fixed here;
 * convolutions have no bias, because a batch norm takes it away; 255, not 256, is what the sigmoid is multiplied by, because
 * in the authors' code a saturated value becomes 256 and, as a byte, 0.
 */

import { ShapeError } from '../../core/errors.ts';
import type { SplitPoint } from '../../core/model/index.ts';
import {
  elementCount,
  type RandomSource,
  type Shape,
  type Tensor,
  type TensorMap,
  tensor,
} from '../../core/tensor/index.ts';
import { add, addScalar, conv, div, mul, relu, reshape, sigmoid, sqrt, sub, type Value } from '../graph/index.ts';
import { depthToSpace, spaceToDepth } from './compressor.ts';
import type { ParameterShapes, Parameters } from './parameters.ts';
import { readShape } from './resnet50.ts';

/** Largest value of a byte, which a sigmoid of 1 is sent as. */
export const largestLevel = 255;

/** Added to a variance before its root is taken: the default of the authors' framework. */
export const batchNormEpsilon = 1e-5;

/** What fixes the shapes of a BottleNet++. */
export interface BottlenetShape {
  /** `[C, H, W]` of the feature map: the positions that the tail reads. */
  readonly featureShape: readonly [number, number, number];
  readonly latentChannels: number;
  /** Halve height and width; both must be even. */
  readonly shrink: boolean;
}

/** Where BottleNet++ halves height and width: maps larger than 7x7, so that a byte is spent on a channel, not on a position. */
const shrinks: { readonly [S in SplitPoint]: boolean } = {
  conv2_x: true,
  conv3_x: true,
  conv4_x: false,
  conv5_x: false,
};

/**
 * The BottleNet++ with the most latent channels that `bytes` can hold, a byte a value.
 *
 * No header is counted: a gift to the baseline, whose paper has none.
 */
export function bottlenetShape(split: SplitPoint, bytes: number): BottlenetShape {
  const featureShape = readShape(split);
  const shrink = shrinks[split];
  const [, height, width] = latentShapeOf({ featureShape, latentChannels: 1, shrink });
  const latentChannels = Math.floor(bytes / (height * width));
  if (latentChannels < 1) throw new ShapeError(`${bytes} bytes do not hold one channel of ${height}x${width}`);
  return { featureShape, latentChannels, shrink };
}

/** Shape `[k, h, w]` of the latent; sent raw, it has as many bytes as elements. */
export function latentShapeOf({ featureShape, latentChannels, shrink }: BottlenetShape): [number, number, number] {
  const [, height, width] = featureShape;
  if (!shrink) return [latentChannels, height, width];
  if (height % 2 !== 0 || width % 2 !== 0) throw new ShapeError(`a map of ${height}x${width} cannot be halved`);
  return [latentChannels, height / 2, width / 2];
}

/** Names and shapes of the trained parameters. */
export function bottlenetParameters({ featureShape: [C], latentChannels: k, shrink }: BottlenetShape): ParameterShapes {
  return {
    'encoder/weights': shrink ? [k, 4 * C, 1, 1] : [k, C, 3, 3],
    'encoder/gamma': [k],
    'encoder/beta': [k],
    'decoder/weights': shrink ? [4 * C, k, 1, 1] : [C, k, 3, 3],
    'decoder/gamma': [C],
    'decoder/beta': [C],
  };
}

/** Draws the parameters to start from: weights as He et al. (2015, arXiv:1502.01852), gamma 1, beta 0. */
export function initialBottlenet(shape: BottlenetShape, random: RandomSource): TensorMap {
  const drawn = (size: Shape): Tensor<'float32'> => {
    const deviation = Math.sqrt(2 / elementCount(size.slice(1)));
    return tensor(
      'float32',
      size,
      Float32Array.from({ length: elementCount(size) }, () => deviation * random.normal()),
    );
  };
  const filled = (size: Shape, value: number): Tensor<'float32'> =>
    tensor('float32', size, new Float32Array(elementCount(size)).fill(value));
  return Object.fromEntries(
    Object.entries(bottlenetParameters(shape)).map(([name, size]) => [
      name,
      name.endsWith('/weights') ? drawn(size) : filled(size, name.endsWith('/gamma') ? 1 : 0),
    ]),
  );
}

/** One of the two halves of the network: each has a convolution and a batch norm. */
export type BottlenetPart = 'encoder' | 'decoder';

/** The batch norm of a part: by the statistics of the batch in training, by those of the population afterwards. */
export type Normalization = (x: Value, part: BottlenetPart) => Value;

const threeByThree = { pads: [1, 1, 1, 1] } as const;

/** The encoder's convolution: `float32[N, C, H, W]` to `float32[N, k, h, w]`. */
export function encoderConvolution(featureMap: Value, shape: BottlenetShape, parameters: Parameters): Value {
  const weights = parameters('encoder/weights');
  return shape.shrink ? conv(spaceToDepth(featureMap, 2), weights) : conv(featureMap, weights, undefined, threeByThree);
}

/** The decoder's convolution: `float32[N, k, h, w]` to `float32[N, C, H, W]`. */
export function decoderConvolution(latent: Value, shape: BottlenetShape, parameters: Parameters): Value {
  const weights = parameters('decoder/weights');
  return shape.shrink ? depthToSpace(conv(latent, weights), 2) : conv(latent, weights, undefined, threeByThree);
}

/**
 * The encoder.
 *
 * @param featureMap - The positions that the tail reads, `float32[N, C, H, W]`.
 * @returns Latent, `float32[N, k, h, w]` in [0, 1]; 1 is sent as {@link largestLevel}.
 */
export function encodeBottlenet(
  featureMap: Value,
  shape: BottlenetShape,
  parameters: Parameters,
  normalize: Normalization,
): Value {
  return sigmoid(normalize(encoderConvolution(featureMap, shape, parameters), 'encoder'));
}

/**
 * The decoder.
 *
 * @param latent - What was received, `float32[N, k, h, w]` in [0, 1].
 * @returns Restored feature map, `float32[N, C, H, W]`.
 */
export function decodeBottlenet(
  latent: Value,
  shape: BottlenetShape,
  parameters: Parameters,
  normalize: Normalization,
): Value {
  return relu(normalize(decoderConvolution(latent, shape, parameters), 'decoder'));
}

/**
 * Batch norm by statistics of the population, `<part>/mean` and `<part>/variance` among the parameters.
 *
 * @see Ioffe and Szegedy, "Batch Normalization", 2015, algorithm 2 (arXiv:1502.03167).
 */
export function populationNormalization(parameters: Parameters): Normalization {
  return (x, part) => {
    const of = (name: string): Value => {
      const value = parameters(`${part}/${name}`);
      return reshape(value, [1, Number(value.shape[0]), 1, 1]);
    };
    const scale = div(of('gamma'), sqrt(addScalar(of('variance'), batchNormEpsilon)));
    return add(mul(sub(x, of('mean')), scale), of('beta'));
  };
}
