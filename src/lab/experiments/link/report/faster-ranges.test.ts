import { expect, test } from 'vitest';
import {
  commonRanges,
  everyRate,
  fasterRanges,
  joinedRanges,
  rangesText,
  ratesWhere,
  rateText,
} from './faster-ranges.ts';

const rates = [10e3, 100e3, 1e6, 10e6];

test('curves that cross between two rates: interpolated on the logarithms', () => {
  // Straight lines on logarithmic axes: 10 ms at every rate, and 1e6 / rate ms: they cross at 100 kbit/s.
  const flat = [10, 10, 10, 10];
  const falling = rates.map((rate) => (3 * 1e6) / rate);
  expect(rangesText(fasterRanges(rates, flat, falling))).toBe('below 300 kbit/s');
  expect(rangesText(fasterRanges(rates, falling, flat))).toBe('above 300 kbit/s');
  const [range] = fasterRanges(rates, flat, falling);
  expect(range?.to).toBeCloseTo(300e3, 3);
});

test('curves that never cross, or more than once', () => {
  expect(rangesText(fasterRanges(rates, [1, 1, 1, 1], [2, 2, 2, 2]))).toBe('at every rate');
  expect(rangesText(fasterRanges(rates, [2, 2, 2, 2], [2, 2, 2, 2]))).toBe('at no rate');
  expect(rangesText(fasterRanges(rates, [1, 4, 1, 4], [2, 2, 2, 2]))).toBe('below 32 kbit/s, 320 kbit/s to 3.2 Mbit/s');
  expect(rangesText(fasterRanges(rates, [4, 1, 4, 4], [2, 2, 2, 2]))).toBe('32 kbit/s to 320 kbit/s');
});

test('ranges in common and together', () => {
  const [low, high] = [
    { from: 0, to: 300e3 },
    { from: 200e3, to: everyRate.to },
  ];
  expect(commonRanges([low], [high])).toEqual([{ from: 200e3, to: 300e3 }]);
  expect(commonRanges([{ from: 0, to: 100e3 }], [high])).toEqual([]);
  expect(commonRanges([low], [])).toEqual([]);
  expect(joinedRanges([high, low])).toEqual([everyRate]);
  expect(
    joinedRanges([
      { from: 5, to: 6 },
      { from: 1, to: 2 },
    ]),
  ).toEqual([
    { from: 1, to: 2 },
    { from: 5, to: 6 },
  ]);
  expect(rangesText([{ from: 129_600, to: 130_400 }])).toBe('about 130 kbit/s');
});

test('rates in words', () => {
  expect([20e3, 854_321, 999_999, 1e6, 12.34e6, 100e6].map(rateText)).toEqual([
    '20 kbit/s',
    '850 kbit/s',
    '1 Mbit/s',
    '1 Mbit/s',
    '12 Mbit/s',
    '100 Mbit/s',
  ]);
  expect(ratesWhere(rates, [true, true, true, true])).toBe('at every rate');
  expect(ratesWhere(rates, [false, false, false, false])).toBe('at no rate');
  expect(ratesWhere(rates, [true, true, false, true])).toBe('at 10 kbit/s to 100 kbit/s and 10 Mbit/s');
});
