import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodecError, WireFormatError } from '../errors.ts';
import { parseEntropyModel, serializeEntropyModel } from './entropy-file.ts';
import { channelEntropyBits, type EntropyModel, entropyBits } from './entropy-model.ts';
import { createSymbolHistogram, fitEntropyModel } from './fit-entropy-model.ts';
import { createFrequencyTable, frequencyTotal, indexOfQuantile } from './frequency-table.ts';

const example: EntropyModel = {
  channels: [
    createFrequencyTable(-2, Uint16Array.of(1024, 7168, 16_384, 7168, 1024)),
    createFrequencyTable(7, Uint16Array.of(frequencyTotal)),
  ],
};

function fitted(symbols: readonly number[], options?: Parameters<typeof fitEntropyModel>[1]): EntropyModel {
  const histogram = createSymbolHistogram([1, 1, 1]);
  histogram.add(Int16Array.from(symbols));
  return fitEntropyModel(histogram, options);
}

describe('frequency table', () => {
  test.each([
    ['a frequency of 0', 0, [frequencyTotal, 0]],
    ['a sum below 2^15', 0, [1, 2]],
    ['a sum that wraps around to 2^15', 0, [frequencyTotal, 40_000, 25_536]],
    ['no symbols', 0, []],
    ['symbols beyond int16', 32_767, [1, frequencyTotal - 1]],
    ['a fraction of a symbol', 0.5, [frequencyTotal]],
  ])('refuses %s', (_, minSymbol, frequencies) => {
    expect(() => createFrequencyTable(minSymbol, Uint16Array.from(frequencies))).toThrow(CodecError);
  });

  test('finds the owner of every quantile', () => {
    const [table] = example.channels;
    if (table === undefined) throw new Error('no table');
    const owners = Array.from({ length: frequencyTotal }, (_, quantile) => indexOfQuantile(table, quantile));
    expect(owners).toEqual([...table.frequencies].flatMap((frequency, i) => new Array<number>(frequency).fill(i)));
  });
});

test('entropy is the sum of -log2 of the probabilities', () => {
  expect(channelEntropyBits(example, Int16Array.of(0, 0, -2, 7, 7, 7))).toEqual(Float64Array.of(1 + 1 + 5, 0));
  expect(entropyBits(example, Int16Array.of(0, 7))).toBe(1);
  expect(() => entropyBits(example, Int16Array.of(3, 7))).toThrow('symbol 3 of latent channel 0');
  expect(() => entropyBits(example, Int16Array.of(0, 7, 7))).toThrow(CodecError);
});

describe('fitting', () => {
  test('gives a legal table for any counts', () => {
    const symbols = fc.array(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.integer({ min: -32_768, max: 32_767 })), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(symbols, fc.integer({ min: 1, max: 300 }), fc.nat(2), (seen, maxAlphabet, marginSymbols) => {
        const [table] = fitted(seen, { maxAlphabet, marginSymbols }).channels;
        expect(table?.frequencies.length).toBeLessThanOrEqual(maxAlphabet);
        expect(table?.starts.at(-1)).toBe(frequencyTotal);
      }),
      { numRuns: 200 },
    );
  });

  test('takes the observed range and a symbol at either end', () => {
    const [table] = fitted([3, 4, 4, 6]).channels;
    expect([table?.minSymbol, table?.maxSymbol]).toEqual([2, 7]);
  });

  test('keeps the most counted window of a range that is too wide', () => {
    const [table] = fitted([-900, 1, 2, 2, 3, 800], { maxAlphabet: 3 }).channels;
    expect([table?.minSymbol, table?.maxSymbol]).toEqual([1, 3]);
  });

  test('gives a channel without symbols an alphabet of one', () => {
    expect(fitted([]).channels[0]).toEqual(createFrequencyTable(0, Uint16Array.of(frequencyTotal)));
  });

  test.each([0.3, 1, 3, 10])(
    'at spread %d the fitted model is within 0.1 per cent of the empirical entropy',
    (spread) => {
      // Counts of a two-sided geometric distribution.
      const counts = Array.from({ length: 101 }, (_, i) => Math.round(1e4 * Math.exp(-Math.abs(i - 50) / spread)));
      const symbols = counts.flatMap((count, i) => new Array<number>(count).fill(i - 50));
      const empirical = counts.reduce((sum, n) => sum + (n === 0 ? 0 : n * Math.log2(symbols.length / n)), 0);
      expect(entropyBits(fitted(symbols), Int16Array.from(symbols))).toBeLessThan(1.001 * empirical);
    },
  );

  test('a histogram takes several latents at once', () => {
    const histogram = createSymbolHistogram([2, 1, 2]);
    histogram.add(Int16Array.of(1, 1, 5, 6, 2, 1, 5, 5));
    expect(histogram.channels.map((counts) => [...counts])).toEqual([
      [
        [1, 3],
        [2, 1],
      ],
      [
        [5, 3],
        [6, 1],
      ],
    ]);
    expect(() => histogram.add(Int16Array.of(1, 2, 3))).toThrow(CodecError);
  });
});

describe('entropy.bin', () => {
  const bytes = serializeEntropyModel(example);

  test('gives the model back', () => {
    expect(parseEntropyModel(bytes)).toEqual(example);
    const padded = new Uint8Array(bytes.length + 3);
    padded.set(bytes, 3);
    expect(parseEntropyModel(padded.subarray(3))).toEqual(example);
  });

  test('any prefix, extension or changed byte is refused or another legal model', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => parseEntropyModel(bytes.subarray(0, length))).toThrow(WireFormatError);
    }
    expect(() => parseEntropyModel(Uint8Array.of(...bytes, 0))).toThrow(WireFormatError);
    for (let offset = 0; offset < bytes.length; offset++) {
      for (let value = 0; value < 256; value++) {
        const changed = bytes.with(offset, value);
        try {
          expect(serializeEntropyModel(parseEntropyModel(changed))).toEqual(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(WireFormatError);
        }
      }
    }
  });

  test('any bytes parse or are refused', () => {
    const start = fc.constantFrom([], [0xae, 0xc3, 1, 1], [0xae, 0xc3, 1, 1, 0xff, 0xff]);
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), (prefix, rest) => {
        expect(() => parseEntropyModel(Uint8Array.of(...prefix, ...rest))).toThrow(WireFormatError);
      }),
      { numRuns: 2000 },
    );
  });
});
