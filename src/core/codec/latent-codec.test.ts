import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodecError, WireFormatError } from '../errors.ts';
import { channelPlan, createChunkPlan, noChunk } from './chunk-plan.ts';
import { entropyBits } from './entropy-model.ts';
import { createFrequencyTable, type FrequencyTable, frequencyTotal } from './frequency-table.ts';
import {
  chunkEntropyBits,
  compressChunk,
  compressLatent,
  decompressChunk,
  decompressLatent,
  emptyLatent,
  knownSymbols,
  type LatentLayout,
  worstCaseChunkBytes,
} from './latent-codec.ts';
import { groupFirst, groupLast, groupOf } from './resolution.ts';

/** Tables with random frequencies, from flat to nearly all on one symbol. */
const tables = fc
  .tuple(
    fc.integer({ min: -200, max: 200 }),
    fc.uniqueArray(fc.integer({ min: 1, max: frequencyTotal - 1 }), { maxLength: 60 }),
  )
  .map(([minSymbol, cuts]) => {
    const bounds = [0, ...cuts.sort((a, b) => a - b), frequencyTotal];
    return createFrequencyTable(
      minSymbol,
      Uint16Array.from(bounds.slice(1), (end, i) => end - (bounds[i] as number)),
    );
  });

/** Chunks at which one element reaches each resolution, finest first: the finer, the later. */
const arrivalsOf = (resolutions: number, chunks: number): fc.Arbitrary<number[]> =>
  fc
    .array(fc.oneof(fc.nat(chunks - 1), fc.constant(noChunk)), { minLength: resolutions, maxLength: resolutions })
    .map((drawn) => drawn.sort((a, b) => b - a));

/** Renumbers chunks so that none is empty; something always arrives. */
function planOf(perElement: readonly number[][]): Uint8Array {
  const [first = [], ...others] = perElement;
  const coarsest = first.length - 1;
  const all = [first.map((chunk, resolution) => (resolution === coarsest ? Math.min(chunk, 5) : chunk)), ...others];
  const used = [...new Set(all.flat().filter((chunk) => chunk !== noChunk))].sort((a, b) => a - b);
  const rank = (chunk: number): number => (chunk === noChunk ? noChunk : used.indexOf(chunk));
  return Uint8Array.from(first.flatMap((_, resolution) => all.map((chunks) => rank(chunks[resolution] as number))));
}

/** A layout and symbols of its alphabets. */
const latents = fc
  .tuple(
    fc.array(tables, { minLength: 1, maxLength: 20 }),
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 6 }),
  )
  .chain(([own, resolutions, chunks]) => {
    const symbols = own.map(({ minSymbol, maxSymbol }) => fc.integer({ min: minSymbol, max: maxSymbol }));
    const arrivals = own.map(() => arrivalsOf(resolutions, chunks));
    return fc.tuple(fc.tuple(...arrivals), fc.tuple(...symbols)).map(([perElement, drawn]) => {
      const layout: LatentLayout = {
        latentShape: [own.length, 1, 1],
        plan: createChunkPlan(own.length, planOf(perElement)),
        entropyModel: { tables: own },
      };
      return { layout, symbols: Int16Array.from(drawn) };
    });
  });

test('any prefix of chunks gives the symbols as far as it tells them', () => {
  fc.assert(
    fc.property(latents, fc.nat(6), ({ layout, symbols }, dropped) => {
      const kept = Math.max(0, layout.plan.chunks - dropped);
      const decoded = decompressLatent(compressLatent(symbols, layout).slice(0, kept), layout);
      expect(decoded).toEqual(knownSymbols(symbols, layout.plan, kept));
    }),
    { numRuns: 500 },
  );
});

test('what is known of a symbol is the symbol, once its element has come to the finest resolution', () => {
  fc.assert(
    fc.property(latents, ({ layout, symbols }) => {
      const known = knownSymbols(symbols, layout.plan, layout.plan.chunks);
      const isWhole = (element: number): boolean => layout.plan.arrivals[element] !== noChunk;
      expect([...known].filter((_, i) => isWhole(i))).toEqual([...symbols].filter((_, i) => isWhole(i)));
    }),
  );
});

test('a payload is within 1 % + 4 bytes of its entropy and within the worst case', () => {
  fc.assert(
    fc.property(latents, ({ layout, symbols }) => {
      const bits = chunkEntropyBits(symbols, layout);
      const worst = worstCaseChunkBytes(layout);
      for (const [chunk, payload] of compressLatent(symbols, layout).entries()) {
        expect(payload.length).toBeLessThanOrEqual((1.01 * (bits[chunk] as number)) / 8 + 4);
        expect(payload.length).toBeLessThanOrEqual(worst[chunk] as number);
      }
    }),
    { numRuns: 500 },
  );
});

test('symbols that come in several chunks cost what they cost at once', () => {
  fc.assert(
    fc.property(latents, ({ layout, symbols }) => {
      const { entropyModel, plan } = layout;
      fc.pre(plan.arrivals.slice(0, symbols.length).every((chunk) => chunk !== noChunk));
      const bits = chunkEntropyBits(symbols, layout).reduce((a, b) => a + b, 0);
      expect(bits).toBeCloseTo(entropyBits(entropyModel, symbols), 6);
    }),
  );
});

test('any payload decodes to groups that the alphabets have or throws a WireFormatError', () => {
  fc.assert(
    fc.property(latents, fc.uint8Array({ maxLength: 60 }), ({ layout }, payload) => {
      try {
        const symbols = decompressLatent([payload], layout);
        layout.plan.refinements[0]?.elements.forEach((element, i) => {
          const { minSymbol, maxSymbol } = layout.entropyModel.tables[element] as FrequencyTable;
          const resolution = layout.plan.refinements[0]?.to[i] ?? 0;
          const group = groupOf(symbols[element] as number, resolution);
          expect(groupLast(group, resolution)).toBeGreaterThanOrEqual(minSymbol);
          expect(groupFirst(group, resolution)).toBeLessThanOrEqual(maxSymbol);
        });
      } catch (error) {
        expect(error).toBeInstanceOf(WireFormatError);
      }
    }),
    { numRuns: 500 },
  );
});

test('decoding a chunk leaves the symbols before it as they were', () => {
  const table = createFrequencyTable(-1, Uint16Array.of(1, 2, frequencyTotal - 3));
  const layout: LatentLayout = {
    latentShape: [2, 1, 1],
    entropyModel: { tables: [table, table] },
    plan: channelPlan([2, 1, 1], [1, 1]),
  };
  const [first] = compressLatent(Int16Array.of(-1, 1), layout) as [Uint8Array];
  const before = emptyLatent(layout);
  expect(decompressChunk(first, layout, 0, before)).toEqual(Int16Array.of(-1, 0));
  expect(before).toEqual(Int16Array.of(0, 0));
});

describe('mistakes', () => {
  const flat = createFrequencyTable(0, Uint16Array.of(frequencyTotal / 2, frequencyTotal / 2));
  const layout: LatentLayout = {
    latentShape: [2, 1, 1],
    plan: channelPlan([2, 1, 1], [1, 1]),
    entropyModel: { tables: [flat, flat] },
  };

  test('a symbol outside of its alphabet is named', () => {
    expect(() => compressLatent(Int16Array.of(0, 2), layout)).toThrow(
      'symbol 2 of latent element 1 is outside of its alphabet 0..1',
    );
  });

  test('another number of tables or symbols: CodecError', () => {
    expect(() => compressLatent(Int16Array.of(0, 1), { ...layout, entropyModel: { tables: [flat] } })).toThrow(
      CodecError,
    );
    expect(() => compressLatent(Int16Array.of(0, 1, 0), layout)).toThrow(CodecError);
  });

  test('a chunk that does not exist: CodecError', () => {
    expect(() => compressChunk(Int16Array.of(0, 1), layout, 2)).toThrow('chunk 2 does not exist');
    expect(() =>
      decompressLatent(
        [0, 1, 2].map(() => new Uint8Array()),
        layout,
      ),
    ).toThrow(CodecError);
  });
});
