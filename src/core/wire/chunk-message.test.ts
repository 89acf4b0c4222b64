import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WireFormatError } from '../errors.ts';
import {
  parseAcknowledgement,
  parseChunkMessage,
  serializeAcknowledgement,
  serializeChunkMessage,
} from './chunk-message.ts';

/** Any bytes that begin like a message of this kind, now and then. */
const anyBytes = (kind: number) =>
  fc
    .tuple(fc.constantFrom([], [kind], [kind, 1], [kind, 1, 0, 0]), fc.uint8Array({ maxLength: 30 }))
    .map(([start, rest]) => Uint8Array.of(...start, ...rest));

/** The bytes parse, and mean those bytes, or are refused with a WireFormatError. */
function roundTripsOrRefuses(bytes: Uint8Array, roundTrip: (bytes: Uint8Array) => Uint8Array): void {
  try {
    expect(roundTrip(bytes)).toEqual(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(WireFormatError);
  }
}

describe('a chunk message', () => {
  const bytes = Uint8Array.of(0xae, 0xc2, 1);

  test('has the bytes of the document', () => {
    expect([...serializeChunkMessage({ requestId: 0x01020304, index: 5, remainingMs: 258.9, bytes })]).toEqual([
      2, 5, 2, 1, 4, 3, 2, 1, 0xae, 0xc2, 1,
    ]);
  });

  test('gives itself back', () => {
    const message = fc.record(
      {
        requestId: fc.nat(0xffffffff),
        index: fc.nat(254),
        remainingMs: fc.nat(65_534),
        bytes: fc.uint8Array({ maxLength: 40 }),
      },
      { requiredKeys: ['requestId', 'index', 'bytes'] },
    );
    fc.assert(
      fc.property(message, (fields) => {
        expect(parseChunkMessage(serializeChunkMessage(fields))).toEqual(fields);
      }),
    );
  });

  test('tells a long time as the longest, and none as none', () => {
    const told = (remainingMs: number) =>
      parseChunkMessage(serializeChunkMessage({ requestId: 1, index: 0, remainingMs, bytes })).remainingMs;
    for (const long of [65_534, 65_535, 1e9, Number.POSITIVE_INFINITY]) expect(told(long)).toBe(65_534);
    expect(parseChunkMessage(serializeChunkMessage({ requestId: 1, index: 0, bytes }))).not.toHaveProperty(
      'remainingMs',
    );
  });

  test('refuses numbers that do not fit', () => {
    for (const requestId of [-1, 0.5, 2 ** 32, Number.NaN]) {
      expect(() => serializeChunkMessage({ requestId, index: 0, bytes })).toThrow(RangeError);
    }
    for (const index of [-1, 0.5, 255]) {
      expect(() => serializeChunkMessage({ requestId: 1, index, bytes })).toThrow(RangeError);
    }
    for (const remainingMs of [-1, Number.NaN]) {
      expect(() => serializeChunkMessage({ requestId: 1, index: 0, remainingMs, bytes })).toThrow(RangeError);
    }
  });

  test.each([
    [[2, 0, 0, 0, 1, 0, 0], 'at byte 7: expected at least 8 bytes, got 7 bytes'],
    [[1, 0, 0, 0, 1, 0, 0, 0], 'at byte 0: expected kind 2, got kind 1'],
    [[2, 255, 0, 0, 1, 0, 0, 0], 'at byte 1: expected an index of 0 to 254, got 255'],
  ])('%j is refused', (message, reason) => {
    expect(() => parseChunkMessage(Uint8Array.from(message))).toThrow(reason);
  });

  test('any bytes parse or throw a WireFormatError', () => {
    fc.assert(
      fc.property(anyBytes(2), (bytes) =>
        roundTripsOrRefuses(bytes, (message) => serializeChunkMessage(parseChunkMessage(message))),
      ),
      { numRuns: 1000 },
    );
  });
});

describe('an acknowledgement', () => {
  test('has the bytes of the document', () => {
    const bytes = serializeAcknowledgement({ requestId: 0x01020304, chunks: 5 });
    expect([...bytes]).toEqual([3, 5, 0, 0, 4, 3, 2, 1]);
    expect(parseAcknowledgement(bytes)).toEqual({ requestId: 0x01020304, chunks: 5 });
  });

  test('refuses numbers that do not fit', () => {
    expect(() => serializeAcknowledgement({ requestId: 2 ** 32, chunks: 1 })).toThrow(RangeError);
    for (const chunks of [0, 0.5, 256]) {
      expect(() => serializeAcknowledgement({ requestId: 1, chunks })).toThrow(RangeError);
    }
  });

  test.each([
    [[3, 1, 0, 0, 0, 0, 0], 'at byte 7: expected at least 8 bytes, got 7 bytes'],
    [[2, 1, 0, 0, 0, 0, 0, 0], 'at byte 0: expected kind 3, got kind 2'],
    [[3, 0, 0, 0, 0, 0, 0, 0], 'at byte 1: expected at least one chunk, got 0'],
    [[3, 1, 0, 1, 0, 0, 0, 0], 'at byte 2: expected reserved 0, got 256'],
    [[3, 1, 0, 0, 0, 0, 0, 0, 9], 'at byte 8: expected the end of the message, got 1 more bytes'],
  ])('%j is refused', (message, reason) => {
    expect(() => parseAcknowledgement(Uint8Array.from(message))).toThrow(reason);
  });

  test('any bytes parse or throw a WireFormatError', () => {
    fc.assert(
      fc.property(anyBytes(3), (bytes) =>
        roundTripsOrRefuses(bytes, (message) => serializeAcknowledgement(parseAcknowledgement(message))),
      ),
      { numRuns: 1000 },
    );
  });
});
