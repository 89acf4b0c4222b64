import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodecError, WireFormatError } from '../errors.ts';
import { channelEntropyBits } from './entropy-model.ts';
import { createFrequencyTable, frequencyTotal } from './frequency-table.ts';
import {
  compressChunk,
  compressLatent,
  decompressLatent,
  type LatentLayout,
  worstCaseChunkBytes,
} from './latent-codec.ts';

/** Tables with random frequencies, from flat to nearly all on one symbol. */
const tables = fc
  .tuple(
    fc.integer({ min: -200, max: 200 }),
    fc.uniqueArray(fc.integer({ min: 1, max: frequencyTotal - 1 }), { maxLength: 20 }),
  )
  .map(([minSymbol, cuts]) => {
    const bounds = [0, ...cuts.sort((a, b) => a - b), frequencyTotal];
    return createFrequencyTable(
      minSymbol,
      Uint16Array.from(bounds.slice(1), (end, i) => end - (bounds[i] as number)),
    );
  });

/** A layout and symbols of its alphabets. */
const latents = fc
  .tuple(
    fc.array(fc.array(tables, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 1, max: 5 }),
  )
  .chain(([groups, height, width]) => {
    const channels = groups.flat();
    const layout: LatentLayout = {
      latentShape: [channels.length, height, width],
      chunks: groups.map((group) => group.length),
      entropyModel: { channels },
    };
    const planes = channels.map(({ minSymbol, maxSymbol }) =>
      fc.array(fc.integer({ min: minSymbol, max: maxSymbol }), {
        minLength: height * width,
        maxLength: height * width,
      }),
    );
    return fc.tuple(...planes).map((values) => ({ layout, symbols: Int16Array.from(values.flat()) }));
  });

test('gives the symbols back, for any prefix of chunks', () => {
  fc.assert(
    fc.property(latents, fc.nat(4), ({ layout, symbols }, dropped) => {
      const kept = Math.max(0, layout.chunks.length - dropped);
      const [, height, width] = layout.latentShape;
      const channels = layout.chunks.slice(0, kept).reduce((a, b) => a + b, 0);
      const decoded = decompressLatent(compressLatent(symbols, layout).slice(0, kept), layout);
      expect(decoded).toEqual(symbols.map((symbol, i) => (i < channels * height * width ? symbol : 0)));
    }),
    { numRuns: 300 },
  );
});

test('a payload is within 1 % + 4 bytes of its entropy and within the worst case', () => {
  fc.assert(
    fc.property(latents, ({ layout, symbols }) => {
      const bits = channelEntropyBits(layout.entropyModel, symbols);
      const worst = worstCaseChunkBytes(layout);
      let channel = 0;
      for (const [chunk, payload] of compressLatent(symbols, layout).entries()) {
        const end = channel + (layout.chunks[chunk] as number);
        const bytes = bits.slice(channel, end).reduce((a, b) => a + b, 0) / 8;
        expect(payload.length).toBeLessThanOrEqual(1.01 * bytes + 4);
        expect(payload.length).toBeLessThanOrEqual(worst[chunk] as number);
        channel = end;
      }
    }),
    { numRuns: 300 },
  );
});

test('any payload decodes to symbols of the alphabets or throws a WireFormatError', () => {
  fc.assert(
    fc.property(latents, fc.uint8Array({ maxLength: 60 }), ({ layout }, payload) => {
      try {
        const symbols = decompressLatent([payload], layout);
        const [, height, width] = layout.latentShape;
        const first = symbols.subarray(0, (layout.chunks[0] as number) * height * width);
        expect(() =>
          channelEntropyBits({ channels: layout.entropyModel.channels.slice(0, layout.chunks[0]) }, first),
        ).not.toThrow();
      } catch (error) {
        expect(error).toBeInstanceOf(WireFormatError);
      }
    }),
    { numRuns: 500 },
  );
});

describe('mistakes', () => {
  const flat = createFrequencyTable(0, Uint16Array.of(frequencyTotal / 2, frequencyTotal / 2));
  const layout: LatentLayout = { latentShape: [2, 1, 1], chunks: [1, 1], entropyModel: { channels: [flat, flat] } };

  test('a symbol outside of its alphabet is named', () => {
    expect(() => compressLatent(Int16Array.of(0, 2), layout)).toThrow(
      'symbol 2 of latent channel 1 is outside of its alphabet 0..1',
    );
  });

  test.each([
    ['chunks that do not cover the latent', { ...layout, chunks: [1] }],
    ['an empty chunk', { ...layout, chunks: [2, 0] }],
    ['another number of tables', { ...layout, entropyModel: { channels: [flat] } }],
    ['another latent shape', { ...layout, latentShape: [2, 2, 1] as const }],
  ])('%s: CodecError', (_, wrong) => {
    expect(() => compressLatent(Int16Array.of(0, 1), wrong)).toThrow(CodecError);
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
