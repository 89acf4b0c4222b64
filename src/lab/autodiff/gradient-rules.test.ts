/** Every op: its gradient against central differences, or the reason why it has none. */

import { beforeAll, describe, expect, test } from 'vitest';
import {
  differenceStep,
  type GradientCase,
  gradientTolerance,
  largestGradientError,
  normals,
  positives,
  spaced,
} from '../../../test/fixtures/gradient-check.ts';
import { UnsupportedOpError } from '../../core/errors.ts';
import { type Tensor, tensor } from '../../core/tensor/index.ts';
import { createNodeRuntime, type Runtime } from '../../runtime/node.ts';
import {
  abs,
  add,
  apply,
  averagePool,
  cast,
  clip,
  concat,
  constant,
  conv,
  convTranspose,
  createGraph,
  div,
  equal,
  exp,
  expand,
  gather,
  gemm,
  globalAveragePool,
  greater,
  identity,
  input,
  int64Constant,
  less,
  log,
  logSoftmax,
  matMul,
  maxPool,
  mul,
  neg,
  type OpType,
  pad,
  reciprocal,
  reduceMax,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  round,
  scalarConstant,
  scatterElements,
  sigmoid,
  sign,
  slice,
  softmax,
  sqrt,
  staticShape,
  sub,
  tanh,
  transpose,
  type Value,
  where,
} from '../graph/index.ts';
import { gradients } from './gradients.ts';
import { stopGradient } from './straight-through.ts';

/** The message that differentiating such a function must give. */
interface Refusal {
  readonly refuses: (x: Value) => Value;
  readonly because: string;
}

const of1 = (x: Tensor<'float32'>, f: (x: Value) => Value): GradientCase => ({
  inputs: { x },
  build: ({ x: value }) => f(value as Value),
});

const of2 = (a: Tensor<'float32'>, b: Tensor<'float32'>, f: (a: Value, b: Value) => Value): GradientCase => ({
  inputs: { a, b },
  build: ({ a: first, b: second }) => f(first as Value, second as Value),
});

const of3 = (
  a: Tensor<'float32'>,
  b: Tensor<'float32'>,
  c: Tensor<'float32'>,
  f: (a: Value, b: Value, c: Value) => Value,
): GradientCase => ({
  inputs: { a, b, c },
  build: (values) => f(values.a as Value, values.b as Value, values.c as Value),
});

const map = [2, 3, 5, 6] as const;
const alternating = tensor('bool', [2, 3], Uint8Array.of(1, 0, 1, 0, 0, 1));
const comparisonRefusal = (op: (a: Value, b: Value) => Value): Refusal => ({
  refuses: (x) => cast(op(x, mul(x, x)), 'float32'),
  because: 'the result of a comparison is a bool',
});

/** Convolutions with weights as input and with constant ones: their gradients go different ways. */
function convCases(options: Parameters<typeof conv>[3], kernel: readonly [number, number]): GradientCase[] {
  const weights = normals([4, 3, ...kernel], 2);
  return [
    of3(normals(map), weights, normals([4], 3), (x, w, b) => conv(x, w, b, options)),
    of1(normals(map), (x) => conv(x, constant(x.graph, weights), undefined, options)),
  ];
}

const checks: { readonly [Op in OpType]: readonly GradientCase[] | Refusal } = {
  Abs: [of1(spaced([3, 4]), abs)],
  Add: [
    of2(normals([2, 3]), normals([2, 3], 2), add),
    of2(normals([2, 3, 4]), normals([3, 1], 2), add),
    of2(normals([1]), normals([2, 3], 2), add),
    of1(normals([2, 3]), (x) => add(x, x)),
  ],
  AveragePool: [0, 1].flatMap((count_include_pad) => [
    of1(normals(map), (x) =>
      averagePool(x, {
        kernel_shape: [3, 2],
        strides: [2, 2],
        pads: [1, 1, 1, 0],
        count_include_pad: count_include_pad as 0 | 1,
      }),
    ),
    of1(normals(map), (x) => averagePool(x, { kernel_shape: [2, 2], strides: [3, 3] })),
  ]),
  Cast: [of1(normals([3]), (x) => cast(mul(cast(x, 'float32'), x), 'float32'))],
  Clip: [of1(spaced([4, 5]), (x) => clip(x, -0.3, 0.6))],
  Concat: [
    of3(normals([2, 1, 3]), normals([2, 2, 3], 2), normals([2, 1, 3], 3), (a, b, c) => concat([a, b, c], 1)),
    of2(normals([2, 3]), normals([2, 1], 2), (a, b) => concat([a, b, a], -1)),
  ],
  Conv: [
    ...convCases({}, [1, 1]),
    ...convCases({ strides: [2, 2] }, [1, 1]),
    ...convCases({ strides: [2, 3] }, [1, 1]),
    ...convCases({ pads: [1, 1, 1, 1] }, [3, 3]),
    ...convCases({ pads: [1, 0, 2, 1] }, [3, 2]),
    ...convCases({ pads: [1, 1, 1, 1], strides: [2, 2] }, [3, 3]),
    ...convCases({ pads: [2, 1, 1, 2], strides: [2, 3] }, [2, 2]),
    ...convCases({ pads: [1, 1, 1, 1] }, [1, 1]),
  ],
  ConvTranspose: [
    of3(normals([2, 4, 3, 2]), normals([4, 3, 2, 2], 2), normals([3], 3), (x, w, b) =>
      convTranspose(x, w, b, { strides: [2, 2] }),
    ),
    of2(normals([2, 4, 3, 2]), normals([4, 3, 3, 3], 2), (x, w) =>
      convTranspose(x, w, undefined, { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] }),
    ),
    of2(normals([2, 4, 3, 2]), normals([4, 3, 3, 2], 2), (x, w) =>
      convTranspose(x, w, undefined, { pads: [1, 0, 0, 1] }),
    ),
  ],
  Div: [of2(normals([2, 3]), positives([2, 3], 2), div), of2(normals([3, 1]), positives([2, 1, 4], 2), div)],
  Equal: comparisonRefusal(equal),
  Exp: [of1(normals([3, 4]), exp)],
  Expand: [of1(normals([3, 1]), (x) => expand(x, [2, 3, 4])), of1(normals([3, 2]), (x) => expand(x, [3, 1]))],
  Gather: [
    of1(normals([2, 5, 3]), (x) => gather(x, int64Constant(x.graph, [3, 0, -1]), 1)),
    of1(normals([2, 3]), (x) => gather(x, int64Constant(x.graph, [2, 0, 1]), -1)),
    of1(normals([4, 3]), (x) => gather(x, int64Constant(x.graph, [1, 1, 3, -1]), 0)),
    of1(normals([2, 4]), (x) =>
      gather(x, constant(x.graph, tensor('int64', [2, 2], BigInt64Array.of(0n, 2n, 2n, 1n))), 1),
    ),
    of1(normals([2, 4]), (x) => gather(x, constant(x.graph, tensor('int64', [], BigInt64Array.of(2n))), 1)),
  ],
  Gemm: ([0, 1] as const).flatMap((transA) =>
    ([0, 1] as const).map((transB) =>
      of3(
        normals(transA ? [3, 2] : [2, 3]),
        normals(transB ? [4, 3] : [3, 4], 2),
        normals(transA ? [4] : [2, 1], 3),
        (a, b, c) => gemm(a, b, c, { transA, transB, alpha: 0.7, beta: transB ? 1 : 1.3 }),
      ),
    ),
  ),
  GlobalAveragePool: [of1(normals(map), globalAveragePool)],
  Greater: comparisonRefusal(greater),
  Identity: [of1(normals([3]), identity)],
  Less: comparisonRefusal(less),
  Log: [of1(positives([3, 4]), log)],
  LogSoftmax: [of1(normals([3, 4]), (x) => logSoftmax(x)), of1(normals([2, 3, 2]), (x) => logSoftmax(x, 1))],
  MatMul: [
    of2(normals([2, 3]), normals([3, 4], 2), matMul),
    of2(normals([2, 5, 3]), normals([3, 4], 2), matMul),
    of2(normals([2, 5, 3]), normals([2, 3, 4], 2), matMul),
    of2(normals([5, 3]), normals([2, 3, 4], 2), matMul),
    of2(normals([2, 1, 2, 3]), normals([4, 3, 2], 2), matMul),
  ],
  MaxPool: [
    of1(spaced([2, 2, 5, 6]), (x) => maxPool(x, { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })),
    of1(spaced([1, 2, 4, 6]), (x) => maxPool(x, { kernel_shape: [2, 2], strides: [2, 2] })),
  ],
  Mul: [
    of2(normals([2, 3]), normals([2, 3], 2), mul),
    of2(normals([2, 3, 1, 1]), normals([1, 3, 2, 2], 2), mul),
    of1(normals([4]), (x) => mul(x, x)),
  ],
  Neg: [of1(normals([3]), neg)],
  Pad: [
    of1(normals([2, 3, 4]), (x) => pad(x, [0, 1, 2, 0, 0, 1], 0.5)),
    of1(normals([2, 5, 4]), (x) => pad(x, [0, -1, 2, 1, 2, -1])),
  ],
  Reciprocal: [of1(positives([3, 4]), reciprocal)],
  ReduceMax: [
    of1(spaced([3, 4]), (x) => reduceMax(x, [1])),
    of1(spaced([2, 3, 4]), (x) => reduceMax(x, [-1, 0], 0)),
    of1(spaced(map), (x) => reduceMax(x, [2, 3])),
  ],
  ReduceMean: [
    of1(normals([3, 4]), (x) => reduceMean(x, [-1])),
    of1(normals([2, 3, 4]), (x) => reduceMean(x, [0, 2], 0)),
    of1(normals([3, 4]), (x) => reduceMean(x, [0, 1], 0)),
  ],
  ReduceSum: [
    of1(normals([2, 3, 4]), (x) => reduceSum(x, [1])),
    of1(normals([2, 3, 4]), (x) => reduceSum(x, [-1, 0], 0)),
  ],
  Relu: [of1(spaced([4, 5]), relu)],
  Reshape: [of1(normals([2, 3, 4]), (x) => reshape(x, [4, 6]))],
  Round: [of1(spaced([3, 4]), (x) => round(mul(x, scalarConstant(x.graph, 0.7))))],
  ScatterElements: {
    refuses: (x) =>
      scatterElements(x, constant(x.graph, tensor('int64', [1], BigInt64Array.of(1n))), slice(x, 0, 0, 1), {
        axis: 0,
        reduction: 'add',
      }),
    because: 'gradients of gradients are not taken',
  },
  Sigmoid: [of1(normals([3, 4]), sigmoid)],
  Sign: [of1(spaced([3, 4]), sign)],
  Slice: [
    of1(normals([3, 34]), (x) => slice(x, 0, 0, 3, 2)),
    of1(normals([3, 70]), (x) => slice(x, 0, 0, 3, 2)),
    of1(normals([2, 131]), (x) => slice(x, 1, 1, 131, 2)),
    of1(normals([2, 5, 3]), (x) => slice(x, 1, 1, 4)),
    of1(normals([2, 7, 3]), (x) => slice(x, 1, 1, 7, 2)),
    of1(normals([2, 7, 3]), (x) => slice(x, 1, 0, 5, 3)),
    of1(normals([2, 6]), (x) => slice(x, -1, -4, 100, 2)),
    of1(
      normals([5, 6]),
      (x) => apply('Slice', [x], { starts: [1, 0], ends: [5, 6], axes: [0, 1], steps: [2, 3] })[0] as Value,
    ),
  ],
  Softmax: [of1(normals([3, 4]), (x) => softmax(x)), of1(normals([2, 3, 2]), (x) => softmax(x, 1))],
  Sqrt: [of1(positives([3, 4]), sqrt)],
  Sub: [of2(normals([2, 3]), normals([2, 3], 2), sub), of2(normals([3]), normals([2, 1], 2), sub)],
  Tanh: [of1(normals([3, 4]), tanh)],
  Transpose: [of1(normals([2, 3, 4]), (x) => transpose(x, [2, 0, 1]))],
  Where: [
    of2(normals([2, 3]), normals([2, 3], 2), (a, b) => where(constant(a.graph, alternating), a, b)),
    of2(normals([1]), normals([2, 2, 3], 2), (a, b) => where(constant(a.graph, alternating), a, b)),
    of1(spaced([3, 4]), (x) => where(greater(x, scalarConstant(x.graph, 0)), mul(x, x), x)),
  ],
};

let runtime: Runtime;
beforeAll(async () => {
  runtime = await createNodeRuntime({ threads: 1, worker: false });
});

describe.each(Object.entries(checks))('%s', (_, check) => {
  if ('refuses' in check) {
    test('refuses to be differentiated, and says why', () => {
      const x = input(createGraph('refusal'), 'x', 'float32', [3]);
      const lossOf = (y: Value) =>
        reduceSum(
          y,
          y.shape.map((_size, i) => i),
          0,
        );
      const loss = lossOf(check.refuses(x));
      expect(() => gradients(loss, [x])).toThrow(UnsupportedOpError);
      expect(() => gradients(loss, [x])).toThrow(check.because);
      expect(() => gradients(lossOf(stopGradient(check.refuses(x))), [x])).not.toThrow();
    });
    return;
  }
  test.each(check.map((gradientCase, i) => [i, gradientCase] as const))(
    'agrees with differences (%i)',
    async (_i, gradientCase) => {
      expect(await largestGradientError(runtime, gradientCase)).toBeLessThan(gradientTolerance);
    },
  );
});

describe('the checker', () => {
  const square = of1(normals([3, 4]), (x) => mul(x, x));
  test('fails on a gradient that is one percent too large', async () => {
    const wrong: typeof gradients = (loss, wrt) =>
      gradients(loss, wrt).map((g) => mul(g, scalarConstant(g.graph, 1.01)));
    expect(await largestGradientError(runtime, square, wrong)).toBeGreaterThan(gradientTolerance);
  });
  test('fails on a gradient of another shape, and on one that is no number', async () => {
    const flat: typeof gradients = (loss, wrt) => gradients(loss, wrt).map((g) => reshape(g, [12]));
    expect(await largestGradientError(runtime, square, flat)).toBe(Number.POSITIVE_INFINITY);
    const notANumber: typeof gradients = (loss, wrt) =>
      wrt.map((x) => sqrt(sub(sub(x, x), scalarConstant(loss.graph, 1))));
    expect(await largestGradientError(runtime, square, notANumber)).toBe(Number.POSITIVE_INFINITY);
  });
  test('fails when the gradient of one broadcast copy is taken for that of all', async () => {
    const sum = of1(normals([3]), (x) => expand(x, [2, 3]));
    const oneCopy: typeof gradients = (_, wrt) =>
      wrt.map((x) => constant(x.graph, tensor('float32', staticShape(x), new Float32Array(3).fill(1))));
    expect(await largestGradientError(runtime, sum, oneCopy)).toBeGreaterThan(differenceStep);
  });
});
