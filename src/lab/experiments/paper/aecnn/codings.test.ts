import { expect, test } from 'vitest';
import { createSymbolHistogram, fitEntropyModel } from '../../../../core/codec/index.ts';
import { deflateBytes, rawBytes } from './codings.ts';

// docs/wire-format.md: 12 bytes of frame header and 4 of one chunk's.
const headerBytes = 16;

test('raw bits: each element takes the bits that its alphabet needs', () => {
  const histogram = createSymbolHistogram([2, 1, 4], 'channel');
  // Channel 0 spans 5 symbols and two of margin (3 bits), channel 1 two and two of margin (2 bits), at four positions.
  histogram.add(Int16Array.of(-2, -1, 0, 2, 0, 1, 0, 1));
  expect(rawBytes(fitEntropyModel(histogram))).toBe(headerBytes + Math.ceil((4 * (3 + 2)) / 8));
});

test('deflate: negative symbols are bytes too, and what repeats is cheap', () => {
  const flat = new Int16Array(3136).fill(-3);
  const varied = Int16Array.from(flat, (_, i) => ((i * 7919) % 64) - 32);
  expect(deflateBytes(flat)).toBeLessThan(headerBytes + 40);
  expect(deflateBytes(varied)).toBeGreaterThan(deflateBytes(flat));
  // Symbols that differ in their second byte alone are told apart.
  const wide = Int16Array.from(varied, (symbol, i) => symbol + 256 * ((i * 104_729) % 3));
  expect(deflateBytes(wide)).toBeGreaterThan(deflateBytes(varied) + 200);
});
