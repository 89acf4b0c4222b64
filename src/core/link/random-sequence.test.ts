import { expect, test } from 'vitest';
import { createRandom } from '../tensor/index.ts';
import { createRandomSequence } from './random-sequence.ts';

const count = 100_000;

test('the value at a position is always the same, whatever was asked before', () => {
  const [one, other] = [1, 1].map((seed) => createRandomSequence(createRandom(seed)));
  const forwards = Array.from({ length: 100 }, (_, i) => one?.(i));
  const backwards = Array.from({ length: 100 }, (_, i) => other?.(99 - i)).reverse();
  expect(forwards).toEqual(backwards);
  expect(one?.(1e12)).toBe(other?.(1e12));
});

test('values are uniform, and neighbours know nothing of one another', () => {
  // Seeds as people choose them.
  for (const seed of [0, 1, 2, 42]) {
    const sequence = createRandomSequence(createRandom(seed));
    const values = Array.from({ length: count + 1 }, (_, i) => sequence(i));
    const tenths = new Array<number>(10).fill(0);
    let product = 0;
    for (let i = 0; i < count; i++) {
      const value = values[i] as number;
      const tenth = Math.floor(10 * value);
      tenths[tenth] = (tenths[tenth] as number) + 1;
      product += (value - 0.5) * ((values[i + 1] as number) - 0.5);
    }
    // A value outside of [0, 1) would have made an eleventh.
    expect(tenths).toHaveLength(10);
    // Four standard deviations.
    for (const n of tenths) expect(Math.abs(n - count / 10)).toBeLessThan(4 * Math.sqrt(0.09 * count));
    expect(Math.abs(product)).toBeLessThan((4 / 12) * Math.sqrt(count));
  }
});

test('sequences of neighbouring seeds have nothing in common', () => {
  const [one, other] = [1, 2].map((seed) => createRandomSequence(createRandom(seed)));
  const first = new Set(Array.from({ length: count }, (_, i) => one?.(i)));
  const shared = Array.from({ length: count }, (_, i) => other?.(i)).filter((value) => first.has(value)).length;
  // By chance 100,000^2 / 2^32 = 2.3.
  expect(shared).toBeLessThan(12);
});
