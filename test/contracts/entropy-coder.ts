/**
 * The behaviour that every entropy coder must show, as a suite over an implementation. Models are frequency tables of the
 * codec; what is tested is the coder: exact inverse, length, refusal of what it would not have written.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createByteSink, type EntropyCoder, frequencyTotal } from '../../src/core/codec/index.ts';
import { WireFormatError } from '../../src/core/errors.ts';

interface Interval {
  readonly start: number;
  readonly frequency: number;
}

/** A sequence of symbols: the intervals of their alphabet, and which of them each is. */
interface Sequence {
  readonly alphabet: readonly Interval[];
  readonly symbols: readonly number[];
}

/** What the frequencies of an alphabet sum to. */
function totalOf(alphabet: readonly Interval[]): number {
  const { start, frequency } = alphabet.at(-1) as Interval;
  return start + frequency;
}

/** Alphabets of 1 to 40 symbols: cut points anywhere, so frequencies of 1 and of almost 2^15 are common. */
const wholeAlphabets = fc
  .uniqueArray(fc.oneof(fc.integer({ min: 1, max: frequencyTotal - 1 }), fc.constantFrom(1, 2, frequencyTotal - 1)), {
    maxLength: 39,
  })
  .map((cuts) => {
    const bounds = [0, ...cuts.sort((a, b) => a - b), frequencyTotal];
    return bounds.slice(1).map((end, i): Interval => {
      const start = bounds[i] as number;
      return { start, frequency: end - start };
    });
  });

/** The same, or only their first symbols: any total. */
const alphabets = fc
  .tuple(wholeAlphabets, fc.nat(39))
  .map(([alphabet, kept]) => (kept < alphabet.length ? alphabet.slice(0, kept + 1) : alphabet));

/** Sequences that follow their model (as real latents do) or do not (as broken ones). */
const sequences: fc.Arbitrary<Sequence> = fc.tuple(alphabets, fc.boolean()).chain(([alphabet, likely]) => {
  const index = likely
    ? fc
        .integer({ min: 0, max: totalOf(alphabet) - 1 })
        .map((q) => alphabet.findIndex((i) => q < i.start + i.frequency))
    : fc.integer({ min: 0, max: alphabet.length - 1 });
  return fc.array(index, { maxLength: 600 }).map((symbols) => ({ alphabet, symbols }));
});

function encode(coder: EntropyCoder, { alphabet, symbols }: Sequence): Uint8Array {
  const sink = createByteSink(1);
  const encoder = coder.createEncoder(sink);
  for (const symbol of symbols) {
    const { start, frequency } = alphabet[symbol] as Interval;
    encoder.encode(start, frequency, totalOf(alphabet));
  }
  encoder.finish();
  return sink.toBytes();
}

function decode(coder: EntropyCoder, payload: Uint8Array, alphabet: readonly Interval[], count: number): number[] {
  const decoder = coder.createDecoder(payload);
  const symbols = Array.from({ length: count }, () => {
    const quantile = decoder.quantile(totalOf(alphabet));
    const symbol = alphabet.findIndex(({ start, frequency }) => quantile < start + frequency);
    const { start, frequency } = alphabet[symbol] as Interval;
    decoder.consume(start, frequency);
    return symbol;
  });
  decoder.finish();
  return symbols;
}

function entropyBytes({ alphabet, symbols }: Sequence): number {
  return symbols.reduce((sum, s) => sum + Math.log2(totalOf(alphabet) / (alphabet[s] as Interval).frequency), 0) / 8;
}

/** The contract: what must hold, and the check of it, which throws when it does not. */
export const entropyCoderContract: Readonly<Record<string, (coder: EntropyCoder) => void>> = {
  'decodes what it encoded': (coder) => {
    fc.assert(
      fc.property(sequences, (sequence) => {
        const payload = encode(coder, sequence);
        expect(decode(coder, payload, sequence.alphabet, sequence.symbols.length)).toEqual(sequence.symbols);
      }),
      { numRuns: 500 },
    );
  },

  'stays within 1 % + 4 bytes of the entropy': (coder) => {
    fc.assert(
      fc.property(sequences, (sequence) => {
        expect(encode(coder, sequence).length).toBeLessThanOrEqual(1.01 * entropyBytes(sequence) + 4);
      }),
      { numRuns: 500 },
    );
  },

  'costs at most 4 bytes for an alphabet of one symbol': (coder) => {
    const alphabet = [{ start: 0, frequency: frequencyTotal }];
    const symbols = Array.from({ length: 10_000 }, () => 0);
    const payload = encode(coder, { alphabet, symbols });
    expect(payload.length).toBeLessThanOrEqual(4);
    expect(decode(coder, payload, alphabet, symbols.length)).toEqual(symbols);
  },

  'stays within the bound when one symbol of two is nearly certain': (coder) => {
    for (const certain of [0, 1]) {
      const end = certain === 0 ? frequencyTotal - 1 : 1;
      const alphabet = [
        { start: 0, frequency: end },
        { start: end, frequency: frequencyTotal - end },
      ];
      for (const every of [1, 2, 1000, 100_000]) {
        const symbols = Array.from({ length: 3136 }, (_, i) => (i % every === every - 1 ? 1 - certain : certain));
        const payload = encode(coder, { alphabet, symbols });
        expect(payload.length).toBeLessThanOrEqual(1.01 * entropyBytes({ alphabet, symbols }) + 4);
        expect(decode(coder, payload, alphabet, symbols.length)).toEqual(symbols);
      }
    }
  },

  'gives the same bytes for the same symbols': (coder) => {
    fc.assert(
      fc.property(sequences, (sequence) => {
        expect(encode(coder, sequence)).toEqual(encode(coder, sequence));
      }),
      { numRuns: 50 },
    );
  },

  'refuses a payload with something appended': (coder) => {
    fc.assert(
      fc.property(sequences, fc.uint8Array({ maxLength: 8 }), ({ alphabet, symbols }, tail) => {
        // What is appended goes beyond all that a decoder may read: two bytes a symbol and four ahead.
        const payload = encode(coder, { alphabet, symbols });
        const longer = Uint8Array.of(...payload, ...new Uint8Array(symbols.length * 2), ...tail, 1, 1, 1, 1, 1);
        expect(() => decode(coder, longer, alphabet, symbols.length)).toThrow(WireFormatError);
      }),
      { numRuns: 200 },
    );
  },

  'decodes any bytes to symbols or throws a WireFormatError': (coder) => {
    const lengths = fc.integer({ min: 0, max: 300 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), alphabets, lengths, (payload, alphabet, count) => {
        try {
          const symbols = decode(coder, payload, alphabet, count);
          expect(symbols.length).toBe(count);
          expect(symbols.every((symbol) => symbol >= 0 && symbol < alphabet.length)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(WireFormatError);
        }
      }),
      { numRuns: 1000 },
    );
  },
};

/** Declares the contract as a suite for one coder. */
export function describeEntropyCoder(coder: EntropyCoder): void {
  describe(`entropy coder contract: ${coder.name}`, () => {
    for (const [name, check] of Object.entries(entropyCoderContract)) test(name, () => check(coder));
  });
}
