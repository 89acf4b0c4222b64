/**
 * Random numbers by their position: what lets a link and its forks see the same future, however far ahead each looks and in
 * whatever order, without remembering what was drawn.
 *
 * A counter is hashed, as in SplitMix (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014),
 * here twice with 32 bits, since JavaScript multiplies those fast. Two words of seed: with one, the sequences of different
 * seeds would be pieces of a single one.
 */

import type { RandomSource } from '../tensor/index.ts';

/** Value at a position, a whole number of at least 0: uniform in [0, 1), 32 bits of resolution. */
export type RandomSequence = (position: number) => number;

/** Draws a sequence: two numbers of `random`, whatever is asked of it later. It repeats after 2^32 positions. */
export function createRandomSequence(random: RandomSource): RandomSequence {
  const first = random.below(2 ** 32);
  const second = random.below(2 ** 32);
  return (position) => (mix(mix(position + first) + second) >>> 0) / 2 ** 32;
}

/**
 * The hash lowbias32: every bit that goes in changes each bit that comes out half the time (Wellons, "Prospecting for hash
 * functions", 2018).
 */
function mix(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return bits ^ (bits >>> 16);
}
