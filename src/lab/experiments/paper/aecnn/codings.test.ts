import { expect, test } from 'vitest';
import { createSymbolHistogram, fitEntropyModel } from '../../../../core/codec/index.ts';
import { deflateBytes, rawBytes } from './codings.ts';

// docs/wire-format.md: 12 bytes of frame header and 4 of one chunk's.
const headerBytes = 16;

test('raw bits: each channel takes the bits that its alphabet needs', () => {
  const histogram = createSymbolHistogram([2, 1, 4]);
  // Channel 0 spans 5 symbols (3 bits), channel 1 has 2 (1 bit); at 49 positions that is 4 x 49 bits.
  histogram.add(Int16Array.of(-2, -1, 0, 2, 0, 1, 0, 1));
  const model = fitEntropyModel(histogram);
  const bits = model.channels.map(({ minSymbol, maxSymbol }) => Math.ceil(Math.log2(maxSymbol - minSymbol + 1)));
  expect(rawBytes(model, 49)).toBe(headerBytes + Math.ceil((49 * ((bits[0] ?? 0) + (bits[1] ?? 0))) / 8));
  expect(bits[0]).toBeGreaterThan(bits[1] ?? 0);
});

test('deflate: negative symbols are bytes too, and what repeats is cheap', () => {
  const flat = new Int16Array(3136).fill(-3);
  const varied = Int16Array.from(flat, (_, i) => ((i * 7919) % 64) - 32);
  expect(deflateBytes(flat)).toBeLessThan(headerBytes + 40);
  expect(deflateBytes(varied)).toBeGreaterThan(deflateBytes(flat));
});
