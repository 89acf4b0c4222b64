/** One function an op: appends a node and returns its (first) output. Attributes have ONNX's defaults. */

import type { DType } from '../../core/tensor/index.ts';
import { scalar, tensor } from '../../core/tensor/index.ts';
import { apply, constant, type Graph, type Value } from './graph.ts';
import type { Dim, OpAttributes, OpType } from './op-attributes.ts';

function one<Op extends OpType>(op: Op, inputs: readonly Value[], attributes: OpAttributes[Op]): Value {
  return apply(op, inputs, attributes)[0] as Value;
}

/** Adds a `float32` scalar constant. */
export const scalarConstant = (graph: Graph, value: number): Value => constant(graph, scalar(value));

/** Adds an `int64` constant vector. */
export const int64Constant = (graph: Graph, values: readonly number[]): Value =>
  constant(graph, tensor('int64', [values.length], BigInt64Array.from(values, BigInt)));

export const abs = (x: Value): Value => one('Abs', [x], {});
export const cast = (x: Value, to: DType): Value => one('Cast', [x], { to });
export const clip = (x: Value, min: number, max: number): Value => one('Clip', [x], { min, max });
export const exp = (x: Value): Value => one('Exp', [x], {});
export const identity = (x: Value): Value => one('Identity', [x], {});
export const log = (x: Value): Value => one('Log', [x], {});
export const neg = (x: Value): Value => one('Neg', [x], {});
export const reciprocal = (x: Value): Value => one('Reciprocal', [x], {});
export const relu = (x: Value): Value => one('Relu', [x], {});
/** Rounds half to even. */
export const round = (x: Value): Value => one('Round', [x], {});
export const sigmoid = (x: Value): Value => one('Sigmoid', [x], {});
export const sign = (x: Value): Value => one('Sign', [x], {});
export const sqrt = (x: Value): Value => one('Sqrt', [x], {});
export const tanh = (x: Value): Value => one('Tanh', [x], {});

export const add = (a: Value, b: Value): Value => one('Add', [a, b], {});
export const sub = (a: Value, b: Value): Value => one('Sub', [a, b], {});
export const mul = (a: Value, b: Value): Value => one('Mul', [a, b], {});
export const div = (a: Value, b: Value): Value => one('Div', [a, b], {});
export const equal = (a: Value, b: Value): Value => one('Equal', [a, b], {});
export const greater = (a: Value, b: Value): Value => one('Greater', [a, b], {});
export const less = (a: Value, b: Value): Value => one('Less', [a, b], {});
/** Elements of `a` where the condition holds, of `b` elsewhere. */
export const where = (condition: Value, a: Value, b: Value): Value => one('Where', [condition, a, b], {});

/** Adds a number to every element. */
export const addScalar = (x: Value, value: number): Value => add(x, scalarConstant(x.graph, value));
/** Multiplies every element by a number. */
export const mulScalar = (x: Value, value: number): Value => mul(x, scalarConstant(x.graph, value));

export const matMul = (a: Value, b: Value): Value => one('MatMul', [a, b], {});

/** `alpha * op(a) @ op(b) + beta * c` for matrices. */
export const gemm = (a: Value, b: Value, c?: Value, options: Partial<OpAttributes['Gemm']> = {}): Value =>
  one('Gemm', c === undefined ? [a, b] : [a, b, c], { alpha: 1, beta: 1, transA: 0, transB: 0, ...options });

/** 2-D convolution of `[N, C, H, W]` with weights `[O, C / group, kH, kW]` and an optional bias `[O]`. */
export const conv = (x: Value, weights: Value, bias?: Value, options: Partial<OpAttributes['Conv']> = {}): Value =>
  one('Conv', bias === undefined ? [x, weights] : [x, weights, bias], {
    strides: [1, 1],
    pads: [0, 0, 0, 0],
    group: 1,
    ...options,
  });

/** Transposed 2-D convolution of `[N, C, H, W]` with weights `[C, O, kH, kW]`. */
export const convTranspose = (
  x: Value,
  weights: Value,
  bias?: Value,
  options: Partial<OpAttributes['ConvTranspose']> = {},
): Value =>
  one('ConvTranspose', bias === undefined ? [x, weights] : [x, weights, bias], {
    strides: [1, 1],
    pads: [0, 0, 0, 0],
    output_padding: [0, 0],
    ...options,
  });

type Pool<Op extends 'MaxPool' | 'AveragePool'> = Pick<OpAttributes[Op], 'kernel_shape'> & Partial<OpAttributes[Op]>;

export const maxPool = (x: Value, options: Pool<'MaxPool'>): Value =>
  one('MaxPool', [x], { strides: [1, 1], pads: [0, 0, 0, 0], ...options });
export const averagePool = (x: Value, options: Pool<'AveragePool'>): Value =>
  one('AveragePool', [x], { strides: [1, 1], pads: [0, 0, 0, 0], count_include_pad: 0, ...options });
/** Mean over height and width: `[N, C, H, W]` to `[N, C, 1, 1]`. */
export const globalAveragePool = (x: Value): Value => one('GlobalAveragePool', [x], {});

export const reduceMax = (x: Value, axes: readonly number[], keepdims: 0 | 1 = 1): Value =>
  one('ReduceMax', [x], { axes, keepdims });
export const reduceMean = (x: Value, axes: readonly number[], keepdims: 0 | 1 = 1): Value =>
  one('ReduceMean', [x], { axes, keepdims });
export const reduceSum = (x: Value, axes: readonly number[], keepdims: 0 | 1 = 1): Value =>
  one('ReduceSum', [x], { axes, keepdims });
export const softmax = (x: Value, axis = -1): Value => one('Softmax', [x], { axis });
export const logSoftmax = (x: Value, axis = -1): Value => one('LogSoftmax', [x], { axis });

export const concat = (values: readonly Value[], axis: number): Value => one('Concat', values, { axis });
export const expand = (x: Value, shape: readonly number[]): Value => one('Expand', [x], { shape });
/** Elements along an axis at constant positions. */
export const gather = (x: Value, indices: Value, axis: number): Value => one('Gather', [x, indices], { axis });
export const pad = (x: Value, pads: readonly number[], value = 0): Value => one('Pad', [x], { pads, value });
export const reshape = (x: Value, shape: readonly Dim[]): Value => one('Reshape', [x], { shape });
export const scatterElements = (
  data: Value,
  indices: Value,
  updates: Value,
  options: OpAttributes['ScatterElements'],
): Value => one('ScatterElements', [data, indices, updates], options);
/** Positions `start, start + step, ...` below `end` along one axis. */
export const slice = (x: Value, axis: number, start: number, end: number, step = 1): Value =>
  one('Slice', [x], { starts: [start], ends: [end], axes: [axis], steps: [step] });
export const transpose = (x: Value, perm: readonly number[]): Value => one('Transpose', [x], { perm });
