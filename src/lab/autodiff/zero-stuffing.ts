/** The inverse of taking every n-th position along an axis: zeros between the positions, and around them. */

import { pad, reshape, staticShape, type Value } from '../graph/index.ts';

/**
 * Puts the positions of `x` along an axis at `start, start + step, ...` of an axis of `size` positions, zeros elsewhere.
 *
 * @param size - At least `start + (n - 1) step + 1` for the n positions of `x`.
 */
export function upsampleWithZeros(x: Value, axis: number, step: number, start: number, size: number): Value {
  const shape = staticShape(x);
  const count = shape[axis] as number;
  const padsAt = (rank: number, before: number, after: number) => {
    const pads = Array<number>(2 * rank).fill(0);
    pads[axis] = before;
    pads[axis + rank] = after;
    return pads;
  };
  if (step === 1) {
    const after = size - start - count;
    return start === 0 && after === 0 ? x : pad(x, padsAt(shape.length, start, after));
  }
  const apart = reshape(x, [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)]);
  const spread = pad(apart, [
    ...Array<number>(shape.length + 1).fill(0),
    ...shape.map((_, i) => (i === axis + 1 ? step - 1 : 0)),
    axis === shape.length - 1 ? step - 1 : 0,
  ]);
  const stuffed = reshape(spread, [...shape.slice(0, axis), count * step, ...shape.slice(axis + 1)]);
  // The zeros after the last position may reach past the end: pads below zero cut them off.
  const after = size - start - count * step;
  return start === 0 && after === 0 ? stuffed : pad(stuffed, padsAt(shape.length, start, after));
}
