import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodecError } from '../errors.ts';
import { createRandom } from '../tensor/index.ts';
import { type EntropyModel, elementEntropyBits, entropyBits } from './entropy-model.ts';
import { createSymbolHistogram, fitEntropyModel } from './fit-entropy-model.ts';
import { createFrequencyTable, frequencyTotal } from './frequency-table.ts';

const example: EntropyModel = {
  tables: [
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
});

test('entropy is the sum of -log2 of the probabilities', () => {
  expect(elementEntropyBits(example, Int16Array.of(-2, 7))).toEqual(Float64Array.of(5, 0));
  expect(entropyBits(example, Int16Array.of(0, 7))).toBe(1);
  expect(() => entropyBits(example, Int16Array.of(3, 7))).toThrow('symbol 3 of latent element 0');
  expect(() => entropyBits(example, Int16Array.of(0, 7, 7))).toThrow(CodecError);
});

describe('fitting', () => {
  test('gives a legal table for any counts', () => {
    const symbols = fc.array(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.integer({ min: -32_768, max: 32_767 })), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(symbols, fc.integer({ min: 1, max: 300 }), fc.nat(2), (seen, maxAlphabet, marginSymbols) => {
        const [table] = fitted(seen, { maxAlphabet, marginSymbols }).tables;
        expect(table?.frequencies.length).toBeLessThanOrEqual(maxAlphabet);
        expect(table?.starts.at(-1)).toBe(frequencyTotal);
      }),
      { numRuns: 200 },
    );
  });

  test('takes the observed range and a symbol at either end', () => {
    const [table] = fitted([3, 4, 4, 6]).tables;
    expect([table?.minSymbol, table?.maxSymbol]).toEqual([2, 7]);
  });

  test('keeps the most counted window of a range that is too wide', () => {
    const [table] = fitted([-900, 1, 2, 2, 3, 800], { maxAlphabet: 3 }).tables;
    expect([table?.minSymbol, table?.maxSymbol]).toEqual([1, 3]);
  });

  test('gives an element without symbols an alphabet of one', () => {
    expect(fitted([]).tables[0]).toEqual(createFrequencyTable(0, Uint16Array.of(frequencyTotal)));
  });

  test.each([0.3, 1, 3, 10])(
    'at spread %d the fitted model is within 0.1 per cent of the empirical entropy',
    (spread) => {
      // Counts of a two-sided geometric distribution.
      const counts = Array.from({ length: 101 }, (_, i) => Math.round(1e4 * Math.exp(-Math.abs(i - 50) / spread)));
      const symbols = counts.flatMap((count, i) => new Array<number>(count).fill(i - 50));
      const empirical = counts.reduce((sum, n) => sum + (n === 0 ? 0 : n * Math.log2(symbols.length / n)), 0);
      const [table] = fitted(symbols).tables;
      if (table === undefined) throw new Error('no table');
      const tables = symbols.map(() => table);
      expect(entropyBits({ tables }, Int16Array.from(symbols))).toBeLessThan(1.001 * empirical);
    },
  );

  test.each([0.3, 1, 3, 10])(
    'at spread %d integer tables cost other symbols within 1 per cent of what the histogram itself costs them',
    (spread) => {
      const random = createRandom(7);
      const drawn = Array.from({ length: 3000 }, () => Math.round(spread * random.normal()));
      const [seen, others] = [drawn.slice(0, 1500), drawn.slice(1500)];
      const [table] = fitted(seen).tables;
      if (table === undefined) throw new Error('no table');
      const { minSymbol, maxSymbol } = table;
      const clipped = others.map((symbol) => Math.min(Math.max(symbol, minSymbol), maxSymbol));
      // Half an occurrence more for each symbol of the alphabet, as in fitting, but no rounding to integers.
      const weight = (symbol: number) => 0.5 + seen.filter((one) => one === symbol).length;
      const total = seen.length + 0.5 * (maxSymbol - minSymbol + 1);
      const histogramBits = clipped.reduce((sum, symbol) => sum + Math.log2(total / weight(symbol)), 0);
      const bits = entropyBits({ tables: clipped.map(() => table) }, Int16Array.from(clipped));
      expect(bits).toBeLessThan(1.01 * histogramBits);
      expect(bits).toBeGreaterThan(0.99 * histogramBits);
    },
  );

  test('a histogram takes several latents at once, element by element or channel by channel', () => {
    const latents = Int16Array.of(1, 1, 5, 6, 2, 1, 5, 5);
    const countsOf = (sharing: 'none' | 'channel'): [number, number][][] => {
      const histogram = createSymbolHistogram([2, 1, 2], sharing);
      histogram.add(latents);
      expect(() => histogram.add(Int16Array.of(1, 2, 3))).toThrow(CodecError);
      expect(fitEntropyModel(histogram).tables.length).toBe(4);
      return histogram.counts.map((counts) => [...counts]);
    };
    const whole = [
      [
        [1, 1],
        [2, 1],
      ],
      [[1, 2]],
      [[5, 2]],
      [
        [6, 1],
        [5, 1],
      ],
    ];
    expect(countsOf('none')).toEqual(whole);
    expect(countsOf('channel')).toEqual([
      [
        [1, 3],
        [2, 1],
      ],
      [
        [5, 3],
        [6, 1],
      ],
    ]);
  });

  test('elements that are counted together share a table', () => {
    const histogram = createSymbolHistogram([2, 1, 2], 'channel');
    histogram.add(Int16Array.of(1, 1, 5, 6));
    const { tables } = fitEntropyModel(histogram);
    expect(tables[0]).toBe(tables[1]);
    expect(tables[0]).not.toBe(tables[2]);
  });
});
