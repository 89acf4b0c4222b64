/**
 * Values that gradients do not pass, and quantization that pretends to be the identity on the way back:
 * the straight-through estimator (Bengio, Leonard, Courville, 2013, arXiv:1308.3432).
 */

import { add, clip, identity, round, sub, type Value } from '../graph/index.ts';

const stopped = new WeakSet<Value>();

/** Passes a value on as a constant: the gradient of anything by what it was computed from is zero through it. */
export function stopGradient(x: Value): Value {
  const y = identity(x);
  stopped.add(y);
  return y;
}

/** Whether a value came out of {@link stopGradient}. */
export const isGradientStopped = (value: Value): boolean => stopped.has(value);

/**
 * Rounds half to even; on the way back it is the identity: `y = x + stopGradient(round(x) - x)`.
 *
 * The sum is exactly `round(x)` for `|x| < 2^22`.
 */
export function roundStraightThrough(x: Value): Value {
  return add(x, stopGradient(sub(round(x), x)));
}

/**
 * Quantizes with step 1: `round(clip(x, min, max))`, half to even, for whole `min` and `max`.
 *
 * On the way back the gradient passes unchanged where `min <= x <= max` and is zero outside.
 */
export function quantizeStraightThrough(x: Value, min: number, max: number): Value {
  return roundStraightThrough(clip(x, min, max));
}
