/**
 * The derivative of every op that a graph can hold: one table, keyed by the closed set of ops, so that an op without a row
 * does not compile. `g` is the gradient of the loss by the output `y` of a node; results are summed over broadcast axes by
 * `gradients`.
 */

import { UnsupportedOpError } from '../../core/errors.ts';
import type { DType } from '../../core/tensor/index.ts';
import {
  cast,
  div,
  equal,
  exp,
  expand,
  greater,
  mul,
  mulScalar,
  neg,
  type OpType,
  pad,
  reduceSum,
  reshape,
  scalarConstant,
  sign,
  slice,
  staticShape,
  sub,
  transpose,
  type Value,
  where,
} from '../graph/index.ts';
import { keepAxes, unreduce } from './broadcast.ts';
import { convGradient, convTransposeGradient } from './convolution-gradient.ts';
import { gatherGradient } from './gather-gradient.ts';
import { binary, type GradientRule, inputAt, type NotDifferentiable, unary, zeroGradient } from './gradient-rule.ts';
import { gemmGradient, matMulGradient } from './matrix-gradient.ts';
import { averagePoolGradient, maxPoolGradient } from './pooling-gradient.ts';
import { upsampleWithZeros } from './zero-stuffing.ts';

const isFloat = (dtype: DType): boolean => dtype === 'float32' || dtype === 'float16';
const zero = (value: Value): Value => scalarConstant(value.graph, 0);
const one = (value: Value): Value => scalarConstant(value.graph, 1);
/** `g` where a condition holds, zero elsewhere. */
const masked = (condition: Value, g: Value): Value => where(condition, g, zero(g));

const comparison: NotDifferentiable = { notDifferentiable: 'the result of a comparison is a bool' };

const reducedElements = (x: Value, axes: readonly number[]): number =>
  axes.reduce((product, axis) => product * (staticShape(x).at(axis) as number), 1);

/** The rule of every op, or the reason why it has none. */
export const gradientRules: { readonly [Op in OpType]: GradientRule<Op> | NotDifferentiable } = {
  Abs: unary((g, x) => mul(g, sign(x))),
  Add: binary(
    (g) => g,
    (g) => g,
  ),
  AveragePool: averagePoolGradient,
  Cast: unary((g, x, y) => {
    if (!isFloat(y.dtype))
      throw new UnsupportedOpError(
        `Cast to ${y.dtype} (makes "${y.name}") has no gradient: its result is not real-valued`,
      );
    return isFloat(x.dtype) && x.dtype !== g.dtype ? cast(g, x.dtype) : g;
  }),
  // As PyTorch's clamp: the bounds themselves still let the gradient pass.
  Clip: unary((g, x, y) => masked(equal(x, y), g)),
  Concat: (node, g) => {
    const axis = node.attributes.axis < 0 ? node.attributes.axis + g.shape.length : node.attributes.axis;
    let end = 0;
    return node.inputs.map((x) => {
      const start = end;
      end += staticShape(x)[axis] as number;
      const [from, to] = [start, end];
      return () => slice(g, axis, from, to);
    });
  },
  Conv: convGradient,
  ConvTranspose: convTransposeGradient,
  Div: binary(
    (g, _a, b) => div(g, b),
    (g, _a, b, y) => neg(div(mul(g, y), b)),
  ),
  Equal: comparison,
  Exp: unary((g, _x, y) => mul(g, y)),
  Expand: unary((g) => g),
  Gather: gatherGradient,
  Gemm: gemmGradient,
  GlobalAveragePool: unary((g, x) => {
    const [, , H, W] = staticShape(x) as [number, number, number, number];
    return expand(mulScalar(g, 1 / (H * W)), staticShape(x));
  }),
  Greater: comparison,
  Identity: unary((g) => g),
  Less: comparison,
  Log: unary((g, x) => div(g, x)),
  LogSoftmax: unary((g, _x, y, { axis }) => sub(g, mul(exp(y), reduceSum(g, [axis])))),
  MatMul: matMulGradient,
  MaxPool: maxPoolGradient,
  Mul: binary(
    (g, _a, b) => mul(g, b),
    (g, a) => mul(g, a),
  ),
  Neg: unary((g) => neg(g)),
  Pad: (node, g) => {
    const x = inputAt(node, 0);
    const rank = x.shape.length;
    if (node.attributes.pads.some((p) => p < 0))
      return [
        () =>
          pad(
            g,
            node.attributes.pads.map((p) => -p),
          ),
      ];
    return [
      () =>
        x.shape.reduce<Value>((cut, _, axis) => {
          const [before, after] = [node.attributes.pads[axis] as number, node.attributes.pads[axis + rank] as number];
          return before + after === 0 ? cut : slice(cut, axis, before, before + (staticShape(x)[axis] as number));
        }, g),
    ];
  },
  Reciprocal: unary((g, _x, y) => neg(mul(g, mul(y, y)))),
  // As PyTorch's amax: positions that share the maximum share the gradient equally.
  ReduceMax: unary((g, x, y, { axes }) => {
    const holders = cast(equal(x, keepAxes(y, x, axes)), 'float32');
    return mul(div(holders, reduceSum(holders, axes)), keepAxes(g, x, axes));
  }),
  ReduceMean: unary((g, x, _y, { axes }) => unreduce(mulScalar(g, 1 / reducedElements(x, axes)), x, axes)),
  ReduceSum: unary((g, x, _y, { axes }) => unreduce(g, x, axes)),
  Relu: unary((g, _x, y) => masked(greater(y, zero(y)), g)),
  Reshape: unary((g, x) => reshape(g, x.shape)),
  // Zero almost everywhere; `roundStraightThrough` is the one to train through.
  Round: zeroGradient,
  ScatterElements: {
    notDifferentiable:
      'it is made for the gradients of MaxPool and Gather only, and gradients of gradients are not taken',
  },
  Sigmoid: unary((g, _x, y) => mul(g, mul(y, sub(one(y), y)))),
  Sign: zeroGradient,
  Slice: unary((g, x, _y, { starts, axes, steps }) => {
    const shape = staticShape(x);
    return axes.reduce<Value>((wide, givenAxis, i) => {
      const axis = givenAxis < 0 ? givenAxis + shape.length : givenAxis;
      const size = shape[axis] as number;
      const given = starts[i] as number;
      const start = Math.min(Math.max(given < 0 ? given + size : given, 0), size);
      return upsampleWithZeros(wide, axis, steps[i] as number, start, size);
    }, g);
  }),
  Softmax: unary((g, _x, y, { axis }) => mul(y, sub(g, reduceSum(mul(g, y), [axis])))),
  Sqrt: unary((g, _x, y) => div(mulScalar(g, 0.5), y)),
  Sub: binary(
    (g) => g,
    (g) => neg(g),
  ),
  Tanh: unary((g, _x, y) => mul(g, sub(one(y), mul(y, y)))),
  Transpose: unary((g, _x, _y, { perm }) =>
    transpose(
      g,
      perm.map((_, axis) => perm.indexOf(axis)),
    ),
  ),
  Where: (node, g) => {
    const condition = inputAt(node, 0);
    return [undefined, () => masked(condition, g), () => where(condition, zero(g), g)];
  },
};
