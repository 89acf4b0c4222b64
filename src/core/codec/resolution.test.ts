import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupFirst, groupLast, groupOf, nothingKnown } from './resolution.ts';

const symbols = fc.integer({ min: -32_768, max: 32_767 });
const resolutions = fc.integer({ min: 0, max: nothingKnown - 1 });

test('a symbol lies in its group, and its neighbours beyond the ends in others', () => {
  fc.assert(
    fc.property(symbols, resolutions, (symbol, resolution) => {
      const group = groupOf(symbol, resolution);
      const [first, last] = [groupFirst(group, resolution), groupLast(group, resolution)];
      expect(first).toBeLessThanOrEqual(symbol);
      expect(last).toBeGreaterThanOrEqual(symbol);
      expect([first - 1, first, last, last + 1].map((other) => groupOf(other, resolution) - group)).toEqual([
        -1, 0, 0, 1,
      ]);
    }),
  );
});

test('groups nest: dropping bits twice is dropping them once', () => {
  fc.assert(
    fc.property(symbols, resolutions, resolutions, (symbol, a, b) => {
      const [fine, coarse] = a < b ? [a, b] : [b, a];
      expect(groupOf(groupOf(symbol, fine) * 2 ** fine, coarse)).toBe(groupOf(symbol, coarse));
    }),
  );
});

test('is the size that is cut: the group about 0 is wider than the others', () => {
  expect([-8, -7, -4, -3, 0, 3, 4, 7, 8].map((symbol) => groupOf(symbol, 2))).toEqual([-2, -1, -1, 0, 0, 0, 1, 1, 2]);
  expect([groupFirst(0, 2), groupLast(0, 2)]).toEqual([-3, 3]);
  expect([groupFirst(-1, 2), groupLast(-1, 2)]).toEqual([-7, -4]);
});
