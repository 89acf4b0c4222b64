/**
 * Gradients of convolutions (group 1), written with the ops that ONNX Runtime's CPU kernels are fastest at.
 *
 * - By the input: a constant weight is flipped and transposed once, here, and used in a `Conv` of stride 1, with zeros put
 *   between the positions where the forward one took strides: ONNX Runtime prepacks constants into its blocked layout
 *   (1.8x the speed of weights that are inputs). Otherwise `ConvTranspose`.
 * - By the weights: channels-last rows and one `Gemm` (110 GFLOP/s on 2 cores; as a `Conv` with swapped axes: 77).
 */

import { UnsupportedOpError } from '../../core/errors.ts';
import { elementCount, type Tensor, tensor } from '../../core/tensor/index.ts';
import {
  concat,
  constant,
  conv,
  convTranspose,
  gemm,
  type OpAttributes,
  pad,
  reduceSum,
  reshape,
  slice,
  staticShape,
  transpose,
  type Value,
  type WindowAttributes,
} from '../graph/index.ts';
import { type GradientRule, inputAt } from './gradient-rule.ts';
import { upsampleWithZeros } from './zero-stuffing.ts';

type Four = readonly [number, number, number, number];

const shape4 = (value: Value): Four => staticShape(value) as unknown as Four;

const flippedConstants = new WeakMap<Value, Value>();

/** Weights `[O, I, kH, kW]` as `[I, O, kH, kW]`, turned by 180 degrees: those of the convolution that goes back. */
function flipped(weights: Value, data: Tensor): Value {
  const known = flippedConstants.get(weights);
  if (known !== undefined) return known;
  const [O, I, kH, kW] = shape4(weights);
  const from = data.data as Float32Array;
  const to = new Float32Array(elementCount(data.shape));
  for (let o = 0; o < O; o++) {
    for (let i = 0; i < I; i++) {
      for (let k = 0; k < kH * kW; k++) {
        to[(i * O + o) * kH * kW + k] = from[(o * I + i) * kH * kW + (kH * kW - 1 - k)] as number;
      }
    }
  }
  const made = constant(weights.graph, tensor('float32', [I, O, kH, kW], to));
  flippedConstants.set(weights, made);
  return made;
}

/** Gradient by the input of a convolution. */
function inputGradient(g: Value, x: Value, weights: Value, { strides, pads }: WindowAttributes): Value {
  const [, , H, W] = shape4(x);
  const [, , kH, kW] = shape4(weights);
  const [, , outH, outW] = shape4(g);
  const data = weights.constant;
  const backPads = [kH - 1 - pads[0], kW - 1 - pads[1], kH - 1 - pads[2], kW - 1 - pads[3]] as const;
  if (data?.dtype === 'float32' && backPads.every((p) => p >= 0)) {
    const spread = (gradient: Value, height: number, width: number): Value =>
      upsampleWithZeros(upsampleWithZeros(gradient, 2, strides[0], 0, height), 3, strides[1], 0, width);
    const back = flipped(weights, data);
    // A convolution of single positions sees none of the zeros: they can come after it.
    if (kH === 1 && kW === 1) return spread(conv(g, back), H, W);
    return conv(spread(g, H + pads[0] + pads[2] - kH + 1, W + pads[1] + pads[3] - kW + 1), back, undefined, {
      pads: backPads,
    });
  }
  const output_padding = [
    H + pads[0] + pads[2] - kH - (outH - 1) * strides[0],
    W + pads[1] + pads[3] - kW - (outW - 1) * strides[1],
  ] as const;
  return convTranspose(g, weights, undefined, { strides, pads, output_padding });
}

/** Channels-last rows: `[N, C, H, W]` to `[N H W, C]`. */
function rows(x: Value): Value {
  const [N, C, H, W] = shape4(x);
  return reshape(transpose(x, [0, 2, 3, 1]), [N * H * W, C]);
}

/** Patches of a channels-last copy of `x` as rows: `[N outH outW, kH kW C]`. */
function patchRows(
  x: Value,
  kernel: readonly [number, number],
  out: readonly [number, number],
  window: WindowAttributes,
): Value {
  const [N, C] = shape4(x);
  const { strides, pads } = window;
  const last = transpose(x, [0, 2, 3, 1]);
  const padded = pads.some((p) => p !== 0) ? pad(last, [0, pads[0], pads[1], 0, 0, pads[2], pads[3], 0]) : last;
  const patches: Value[] = [];
  for (let i = 0; i < kernel[0]; i++) {
    const line = slice(padded, 1, i, i + (out[0] - 1) * strides[0] + 1, strides[0]);
    for (let j = 0; j < kernel[1]; j++) patches.push(slice(line, 2, j, j + (out[1] - 1) * strides[1] + 1, strides[1]));
  }
  const joined = patches.length === 1 ? (patches[0] as Value) : concat(patches, 3);
  return reshape(joined, [N * out[0] * out[1], kernel[0] * kernel[1] * C]);
}

/** Gradient by the weights of the convolution from `x` to something of the shape of `g`. */
function weightGradient(g: Value, x: Value, weights: Value, window: WindowAttributes): Value {
  const [O, I, kH, kW] = shape4(weights);
  const [, , outH, outW] = shape4(g);
  const product = gemm(rows(g), patchRows(x, [kH, kW], [outH, outW], window), undefined, { transA: 1 });
  if (kH === 1 && kW === 1) return reshape(product, [O, I, 1, 1]);
  return transpose(reshape(product, [O, kH, kW, I]), [0, 3, 1, 2]);
}

/** Rule of `Conv`. */
export const convGradient: GradientRule<'Conv'> = (node, g) => {
  const [x, weights] = [inputAt(node, 0), inputAt(node, 1)];
  if (node.attributes.group !== 1) {
    throw new UnsupportedOpError(
      `Conv with group ${node.attributes.group} has no gradient here: only group 1 is trained`,
    );
  }
  return [
    () => inputGradient(g, x, weights, node.attributes),
    () => weightGradient(g, x, weights, node.attributes),
    () => reduceSum(g, [0, 2, 3], 0),
  ];
};

/** Rule of `ConvTranspose`: it is the convolution's gradient, so its gradients are the convolution with roles exchanged. */
export const convTransposeGradient: GradientRule<'ConvTranspose'> = (node, g) => {
  const [x, weights] = [inputAt(node, 0), inputAt(node, 1)];
  const { strides, pads }: OpAttributes['ConvTranspose'] = node.attributes;
  return [
    () => conv(g, weights, undefined, { strides, pads }),
    () => weightGradient(x, g, weights, { strides, pads }),
    () => reduceSum(g, [0, 2, 3], 0),
  ];
};
