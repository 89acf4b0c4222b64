import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CodecError, WireFormatError } from '../errors.ts';
import { createChunkPlan, noChunk } from './chunk-plan.ts';
import { type LatentCoding, parseLatentCoding, serializeLatentCoding } from './entropy-file.ts';
import { createFrequencyTable, frequencyTotal } from './frequency-table.ts';

const wide = createFrequencyTable(-2, Uint16Array.of(1024, 7168, 16_384, 7168, 1024));
const single = createFrequencyTable(7, Uint16Array.of(frequencyTotal));
const example: LatentCoding = {
  entropyModel: { tables: [wide, single, wide] },
  plan: createChunkPlan(3, Uint8Array.of(1, 0, noChunk, 0, 0, 1)),
};
const bytes = serializeLatentCoding(example);

test('gives tables and plan back, shared tables shared', () => {
  const parsed = parseLatentCoding(bytes);
  expect(parsed).toEqual(example);
  expect(parsed.entropyModel.tables[2]).toBe(parsed.entropyModel.tables[0]);
  const padded = new Uint8Array(bytes.length + 3);
  padded.set(bytes, 3);
  expect(parseLatentCoding(padded.subarray(3))).toEqual(example);
});

test('any prefix, extension or changed byte is refused or another legal file', () => {
  for (let length = 0; length < bytes.length; length++) {
    expect(() => parseLatentCoding(bytes.subarray(0, length))).toThrow(WireFormatError);
  }
  expect(() => parseLatentCoding(Uint8Array.of(...bytes, 0))).toThrow(WireFormatError);
  for (let offset = 0; offset < bytes.length; offset++) {
    for (let value = 0; value < 256; value++) {
      try {
        const parsed = parseLatentCoding(bytes.with(offset, value));
        expect(parseLatentCoding(serializeLatentCoding(parsed))).toEqual(parsed);
      } catch (error) {
        expect(error).toBeInstanceOf(WireFormatError);
      }
    }
  }
});

test('any bytes parse or are refused', () => {
  const start = fc.constantFrom([], [0xae, 0xc3, 2, 1], [0xae, 0xc3, 2, 1, 0xff, 0xff, 0xff, 0xff]);
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 200 }), (prefix, rest) => {
      expect(() => parseLatentCoding(Uint8Array.of(...prefix, ...rest))).toThrow(WireFormatError);
    }),
    { numRuns: 2000 },
  );
});

test('a plan of another latent is refused', () => {
  expect(() => serializeLatentCoding({ ...example, entropyModel: { tables: [wide] } })).toThrow(CodecError);
});
