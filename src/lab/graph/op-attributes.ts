/**
 * Every op that a graph can hold, with its static attributes; names as in ONNX opset 17.
 *
 * One twist: what ONNX passes as constant int64 inputs (the shape of Reshape, the starts of Slice, the pads of Pad, the
 * bounds of Clip) is an attribute here, so that the inputs of a node are exactly the values a gradient can flow through.
 * `serialize.ts` turns them back.
 */

import type { DType } from '../../core/tensor/index.ts';

/** Size of an axis: a number, or a name such as `N` for one that is only known when the graph runs. */
export type Dim = number | string;

type None = Readonly<Record<never, never>>;

/** Window of a convolution or pooling; `pads` is `[top, left, bottom, right]`. */
export interface WindowAttributes {
  readonly strides: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
}

interface PoolAttributes extends WindowAttributes {
  readonly kernel_shape: readonly [number, number];
}

interface ReduceAttributes {
  readonly axes: readonly number[];
  readonly keepdims: 0 | 1;
}

/** Attributes of each op. The keys are the closed set of ops: tables keyed by them are exhaustive by type. */
export interface OpAttributes {
  readonly Abs: None;
  readonly Add: None;
  readonly AveragePool: PoolAttributes & { readonly count_include_pad: 0 | 1 };
  readonly Cast: { readonly to: DType };
  readonly Clip: { readonly min: number; readonly max: number };
  readonly Concat: { readonly axis: number };
  readonly Conv: WindowAttributes & { readonly group: number };
  readonly ConvTranspose: WindowAttributes & { readonly output_padding: readonly [number, number] };
  readonly Div: None;
  readonly Equal: None;
  readonly Exp: None;
  readonly Expand: { readonly shape: readonly number[] };
  readonly Gather: { readonly axis: number };
  readonly Gemm: { readonly alpha: number; readonly beta: number; readonly transA: 0 | 1; readonly transB: 0 | 1 };
  readonly GlobalAveragePool: None;
  readonly Greater: None;
  readonly Identity: None;
  readonly Less: None;
  readonly Log: None;
  readonly LogSoftmax: { readonly axis: number };
  readonly MatMul: None;
  readonly MaxPool: PoolAttributes;
  readonly Mul: None;
  readonly Neg: None;
  readonly Pad: { readonly pads: readonly number[]; readonly value: number };
  readonly Reciprocal: None;
  readonly ReduceMax: ReduceAttributes;
  readonly ReduceMean: ReduceAttributes;
  readonly ReduceSum: ReduceAttributes;
  readonly Relu: None;
  readonly Reshape: { readonly shape: readonly Dim[] };
  readonly Round: None;
  readonly ScatterElements: { readonly axis: number; readonly reduction: 'none' | 'add' };
  readonly Sigmoid: None;
  readonly Sign: None;
  readonly Slice: {
    readonly starts: readonly number[];
    readonly ends: readonly number[];
    readonly axes: readonly number[];
    readonly steps: readonly number[];
  };
  readonly Softmax: { readonly axis: number };
  readonly Sqrt: None;
  readonly Sub: None;
  readonly Tanh: None;
  readonly Transpose: { readonly perm: readonly number[] };
  readonly Where: None;
}

/** Name of an op. */
export type OpType = keyof OpAttributes;

/** Dtype and shape of a value, before it has a name. */
export interface ValueType {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}
