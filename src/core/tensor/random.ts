/**
 * Seeded random numbers: xoroshiro128+ of pure-rand, with the few distributions that the project draws from.
 * Nothing in `core` makes randomness of its own; a generator is always passed in.
 */

import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A source of random numbers with its own state. */
export interface RandomSource {
  /** Next value, uniform in [0, 1), 32 bits of resolution. */
  uniform(): number;
  /** Next standard normal value (Box-Muller; one draw a call). */
  normal(): number;
  /** Next whole number, uniform in [0, bound). */
  below(bound: number): number;
}

/** Makes a generator; the same seed gives the same sequence on every machine. */
export function createRandom(seed: number): RandomSource {
  const generator = xoroshiro128plus(seed);
  const uniform = (): number => (generator.next() >>> 0) / 2 ** 32;
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    below: (bound) => Math.floor(uniform() * bound),
  };
}

/** Returns the items in a new order (Fisher-Yates from the last item down, one `below` a step). */
export function shuffled<T>(items: readonly T[], random: RandomSource): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const held = result[i] as T;
    result[i] = result[j] as T;
    result[j] = held;
  }
  return result;
}
