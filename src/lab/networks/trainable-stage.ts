/**
 * A stage of ResNet-50 whose convolutions are trained: the same mathematics as in `resnet50.ts`, laid out for training.
 *
 * ONNX Runtime's `Conv` is fast with constant weights only, so here every convolution is a matrix product of
 * channels-last rows, whose gradients are matrix products too (3x3: by Winograd's algorithm on small maps, nine shifted
 * copies of the map side by side on larger ones).
 * `npm run bench:train` measures it.
 */

import { ShapeError } from '../../core/errors.ts';
import type { SplitPoint } from '../../core/model/index.ts';
import { type Tensor, tensor } from '../../core/tensor/index.ts';
import {
  add,
  concat,
  gemm,
  pad,
  reduceMean,
  relu,
  reshape,
  slice,
  staticShape,
  transpose,
  type Value,
} from '../graph/index.ts';
import { stages } from './resnet50.ts';
import { largestWinogradMap, winogradConvolution } from './winograd.ts';

/** Weights `float32[kH kW I, O]` (see {@link toChannelsLastWeights}) and bias `float32[O]` of one convolution. */
export interface ChannelsLastConvolution {
  readonly weights: Value;
  readonly bias: Value;
}

/** Looks up a convolution by Keras' name without its prefix, such as `5a_branch2b`. */
export type ChannelsLastConvolutions = (name: string) => ChannelsLastConvolution;

type Four = readonly [number, number, number, number];

const shape4 = (x: Value): Four => staticShape(x) as unknown as Four;

/** Turns a convolution's weights `[O, I, kH, kW]` into the matrix `[kH kW I, O]` of its channels-last product. */
export function toChannelsLastWeights(weights: Tensor<'float32'>): Tensor<'float32'> {
  const [O = 0, I = 0, kH = 0, kW = 0] = weights.shape;
  const matrix = new Float32Array(weights.data.length);
  for (let o = 0; o < O; o++) {
    for (let i = 0; i < I; i++) {
      for (let k = 0; k < kH * kW; k++) matrix[(k * I + i) * O + o] = weights.data[(o * I + i) * kH * kW + k] as number;
    }
  }
  return tensor('float32', [kH * kW * I, O], matrix);
}

/**
 * Turns the matrix `[kH kW I, O]` back into a convolution's weights `[O, I, kH, kW]`.
 *
 * @throws {@link ShapeError} when the rows are not a multiple of `kH kW`.
 */
export function fromChannelsLastWeights(
  matrix: Tensor<'float32'>,
  [kH, kW]: readonly [number, number],
): Tensor<'float32'> {
  const [rows = 0, O = 0] = matrix.shape;
  const I = rows / (kH * kW);
  if (!Number.isInteger(I)) throw new ShapeError(`${rows} rows of weights do not divide by a ${kH}x${kW} window`);
  const weights = new Float32Array(matrix.data.length);
  for (let o = 0; o < O; o++) {
    for (let i = 0; i < I; i++) {
      for (let k = 0; k < kH * kW; k++) weights[(o * I + i) * kH * kW + k] = matrix.data[(k * I + i) * O + o] as number;
    }
  }
  return tensor('float32', [O, I, kH, kW], weights);
}

/** `[N, C, H, W]` to `[N, H, W, C]`, of every `stride`-th row and column. */
export function toChannelsLast(x: Value, stride: 1 | 2 = 1): Value {
  const [, , H, W] = shape4(x);
  const read = stride === 1 ? x : slice(slice(x, 2, 0, H, stride), 3, 0, W, stride);
  return transpose(read, [0, 2, 3, 1]);
}

/** `[N, H, W, C]` to rows `[N H W, C]`. */
function rowsOf(x: Value): Value {
  const [N, H, W, C] = shape4(x);
  return reshape(x, [N * H * W, C]);
}

/** The nine shifted copies of a channels-last map side by side, zeros outside, as rows `[N H W, 9 C]`. */
function patchRows(x: Value): Value {
  const [N, H, W, C] = shape4(x);
  const padded = pad(x, [0, 1, 1, 0, 0, 1, 1, 0]);
  const shifts = [0, 1, 2].flatMap((i) => {
    const band = slice(padded, 1, i, i + H);
    return [0, 1, 2].map((j) => slice(band, 2, j, j + W));
  });
  return reshape(concat(shifts, 3), [N * H * W, 9 * C]);
}

/** A 3x3 convolution of a channels-last map, stride 1, padded by one: `[N, H, W, I]` to `[N, H, W, O]`. */
function spatialConvolution(x: Value, { weights, bias }: ChannelsLastConvolution): Value {
  const [N, H, W] = shape4(x);
  if (H * W <= largestWinogradMap) return winogradConvolution(x, weights, bias);
  return reshape(gemm(patchRows(x), weights, bias), [N, H, W, staticShape(weights)[1] as number]);
}

/** A residual block on a channels-last map. */
function block(x: Value, name: string, convolutions: ChannelsLastConvolutions): Value {
  const [N, H, W] = shape4(x);
  const product = (rows: Value, branch: string): Value => {
    const { weights, bias } = convolutions(`${name}_${branch}`);
    return gemm(rows, weights, bias);
  };
  const map = (rows: Value): Value => reshape(rows, [N, H, W, staticShape(rows)[1] as number]);
  const rows = rowsOf(x);
  const reduced = relu(product(rows, 'branch2a'));
  const spatial = relu(rowsOf(spatialConvolution(map(reduced), convolutions(`${name}_branch2b`))));
  const residual = product(spatial, 'branch2c');
  return map(relu(add(residual, name.endsWith('a') ? product(rows, 'branch1') : rows)));
}

/**
 * A stage with trained convolutions (batch norms folded into them).
 *
 * @param x - The positions that the stage reads, channels last: `float32[N, H, W, C]` (see {@link toChannelsLast}).
 * @returns Feature map, channels last: `float32[N, H, W, channels]`; goes into the next stage, or {@link meanOfPositions}.
 */
export function trainableStage(x: Value, stage: SplitPoint, convolutions: ChannelsLastConvolutions): Value {
  const { number, blocks } = stages[stage];
  return blocks.reduce((y, letter) => block(y, `${number}${letter}`, convolutions), x);
}

/** Global average pool of a channels-last map: `[N, H, W, C]` to `[N, C]`. */
export function meanOfPositions(x: Value): Value {
  return reduceMean(x, [1, 2], 0);
}
