/** Gradients of matrix products: both are matrix products again. */

import { gemm, matMul, mulScalar, reshape, staticShape, transpose, type Value } from '../graph/index.ts';
import { type GradientRule, inputAt } from './gradient-rule.ts';

/** Rule of `Gemm`, `y = alpha op(a) op(b) + beta c`. */
export const gemmGradient: GradientRule<'Gemm'> = (node, g) => {
  const [a, b] = [inputAt(node, 0), inputAt(node, 1)];
  const { alpha, beta, transA, transB } = node.attributes;
  const flip = (flag: 0 | 1): 0 | 1 => (flag === 1 ? 0 : 1);
  return [
    () =>
      transA === 1
        ? gemm(b, g, undefined, { alpha, transA: transB, transB: 1 })
        : gemm(g, b, undefined, { alpha, transB: flip(transB) }),
    () =>
      transB === 1
        ? gemm(g, a, undefined, { alpha, transA: 1, transB: transA })
        : gemm(a, g, undefined, { alpha, transA: flip(transA) }),
    () => (beta === 1 ? g : mulScalar(g, beta)),
  ];
};

function transposed(x: Value): Value {
  const rank = x.shape.length;
  return transpose(
    x,
    x.shape.map((_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i)),
  );
}

/** Rule of `MatMul`, with any batch axes. One matrix shared by a batch is treated as one large product of rows. */
export const matMulGradient: GradientRule<'MatMul'> = (node, g) => {
  const [a, b] = [inputAt(node, 0), inputAt(node, 1)];
  const asRows = (x: Value): Value => {
    const shape = staticShape(x);
    const width = shape[shape.length - 1] as number;
    return shape.length === 2 ? x : reshape(x, [shape.reduce((p, size) => p * size, 1) / width, width]);
  };
  if (b.shape.length === 2) {
    return [
      () => (a.shape.length === 2 ? gemm(g, b, undefined, { transB: 1 }) : matMul(g, transposed(b))),
      () => gemm(asRows(a), asRows(g), undefined, { transA: 1 }),
    ];
  }
  return [() => matMul(g, transposed(b)), () => matMul(transposed(a), g)];
};
