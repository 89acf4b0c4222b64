/** Undoes broadcasting: a value that was repeated along an axis receives the sum of the gradients of its copies. */

import { type Dim, expand, reduceSum, reshape, staticShape, type Value } from '../graph/index.ts';

/** Sums a value over the axes along which `shape` was broadcast to it, and gives it that shape. */
export function sumTo(value: Value, shape: readonly Dim[]): Value {
  const missing = value.shape.length - shape.length;
  const repeated = value.shape.flatMap((size, axis) => {
    const target = shape[axis - missing];
    return axis < missing || (target === 1 && size !== 1) ? [axis] : [];
  });
  if (repeated.length === 0) return value;
  const summed = reduceSum(value, repeated, 1);
  return missing === 0 ? summed : reshape(summed, shape);
}

/** Repeats a value that was reduced over `axes` to the shape of `x` before the reduction. */
export function unreduce(value: Value, x: Value, axes: readonly number[]): Value {
  return expand(keepAxes(value, x, axes), staticShape(x));
}

/** Gives a value that was reduced over `axes` of `x` these axes back, with size 1. */
export function keepAxes(value: Value, x: Value, axes: readonly number[]): Value {
  const rank = x.shape.length;
  const reduced = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  return value.shape.length === rank
    ? value
    : reshape(
        value,
        x.shape.map((size, axis) => (reduced.has(axis) ? 1 : size)),
      );
}
