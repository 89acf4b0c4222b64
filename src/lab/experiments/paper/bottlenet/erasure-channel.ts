/**
 * The binary erasure channel that BottleNet++ is trained for: each transmitted bit is lost with the same probability, and the
 * receiver knows which.
 *
 * A lost bit is read as one half, its mean over fair bits, as the authors' code means to do. (It does not: the masked byte is
 * computed and then overwritten by the whole one.) On the way back the channel is the identity, as theirs.
 *
 * The twist: in evaluation the channel is there only where it is asked for; their code leaves it on.
 */

import type { RandomSource } from '../../../../core/tensor/index.ts';
import { stopGradient } from '../../../autodiff/index.ts';
import { add, addScalar, mul, mulScalar, neg, reshape, round, slice, sub, type Value } from '../../../graph/index.ts';

/** Bits of a transmitted value. */
export const bitsOfLevel = 8;

/**
 * Draws which bits are lost.
 *
 * @param count - Number of bits.
 * @returns 1 for a lost bit, 0 for the others.
 */
export function drawErasures(count: number, probability: number, random: RandomSource): Float32Array {
  if (!(probability >= 0 && probability < 1)) throw new RangeError(`probability must be in [0, 1), got ${probability}`);
  const erasures = new Float32Array(count);
  if (probability === 0) return erasures;
  // One draw a lost bit, not one a bit: the distance to the next one is geometrically distributed.
  const scale = 1 / Math.log1p(-probability);
  const gap = (): number => Math.floor(Math.log1p(-random.uniform()) * scale);
  for (let i = gap(); i < count; i += 1 + gap()) erasures[i] = 1;
  return erasures;
}

/**
 * Sends values through the channel.
 *
 * @param levels - `uint8`.
 * @param erasures - 8 for each value, the lowest bit's of all values first.
 * @returns What the receiver reads, 0 to 255 in halves.
 */
export function eraseBits(levels: Uint8Array, erasures: Float32Array): Float32Array {
  return Float32Array.from(levels, (level, i) => {
    let received = level;
    for (let bit = 0; bit < bitsOfLevel; bit++) {
      const lost = erasures[bit * levels.length + i] as number;
      received += lost * 2 ** bit * (0.5 - ((level >> bit) & 1));
    }
    return received;
  });
}

/** Whole part of non-negative values whose fractions are multiples of 1/256. */
const floorOfFractions = (x: Value): Value => round(addScalar(x, -0.5 + 1 / 1024));

/**
 * Sends values of a training graph through the channel; the gradient passes unchanged.
 *
 * @param levels - Whole numbers from 0 to 255, `float32[N, k, h, w]`.
 * @param erasures - `float32[8, N, k, h, w]`, 1 for a lost bit, the lowest bits first.
 */
export function eraseBitsStraightThrough(levels: Value, erasures: Value): Value {
  const sent = stopGradient(levels);
  let rest = sent;
  let received: Value | undefined;
  for (let bit = 0; bit < bitsOfLevel; bit++) {
    const half = floorOfFractions(mulScalar(rest, 0.5));
    const value = sub(rest, mulScalar(half, 2));
    const lost = reshape(slice(erasures, 0, bit, bit + 1), levels.shape);
    const change = mulScalar(mul(lost, addScalar(neg(value), 0.5)), 2 ** bit);
    received = received === undefined ? change : add(received, change);
    rest = half;
  }
  return received === undefined ? levels : add(levels, stopGradient(received));
}
