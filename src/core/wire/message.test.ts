import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WireFormatError } from '../errors.ts';
import { type InferResponse, parseRequest, parseResponse, serializeRequest, serializeResponse } from './message.ts';

describe('request', () => {
  const frame = Uint8Array.of(0xae, 0xc2, 1);

  test('has the bytes of the document', () => {
    expect([...serializeRequest({ requestId: 0x01020304, remainingMs: 99.9, frame })]).toEqual([
      1, 1, 0, 0, 4, 3, 2, 1, 99, 0, 0, 0, 0xae, 0xc2, 1,
    ]);
    expect([...serializeRequest({ requestId: 0, frame }).subarray(8, 12)]).toEqual([255, 255, 255, 255]);
  });

  test.each([{ requestId: 0xffffffff, remainingMs: 0 }, { requestId: 0, remainingMs: 0xfffffffe }, { requestId: 5 }])(
    'gives itself back: %o',
    (fields) => {
      expect(parseRequest(serializeRequest({ ...fields, frame }))).toEqual({ ...fields, frame });
    },
  );

  test('refuses numbers that do not fit', () => {
    for (const requestId of [-1, 0.5, 2 ** 32, Number.NaN]) {
      expect(() => serializeRequest({ requestId, frame })).toThrow(RangeError);
    }
    for (const remainingMs of [-1, 2 ** 32 - 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => serializeRequest({ requestId: 1, remainingMs, frame })).toThrow(RangeError);
    }
  });

  test('any bytes parse or throw a WireFormatError', () => {
    const start = fc.constantFrom([], [1], [1, 1, 0, 0]);
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 30 }), (prefix, rest) => {
        const bytes = Uint8Array.of(...prefix, ...rest);
        try {
          expect(serializeRequest(parseRequest(bytes))).toEqual(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WireFormatError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('response', () => {
  const answer: InferResponse = {
    requestId: 7,
    ok: true,
    top: [{ label: 'panda', probability: 0.93 }],
    chunks: { decoded: 2, of: 3 },
    warning: 'chunk 2 is cut',
    timeMs: { queue: 0.2, compute: 21.4, total: 21.9 },
  };
  const refusal: InferResponse = { requestId: 7, ok: false, error: { code: 'MODEL', message: 'another model' } };

  test.each([answer, refusal])('gives itself back: %o', (response) => {
    expect(parseResponse(serializeResponse(response))).toEqual(response);
  });

  test('drops fields of a later version', () => {
    expect(parseResponse(JSON.stringify({ ...refusal, later: 1 }))).toEqual(refusal);
  });

  test.each(['', 'null', '[]', '{', '{"ok": true}', JSON.stringify({ ...answer, top: 'panda' })])(
    'refuses %s',
    (text) => {
      expect(() => parseResponse(text)).toThrow(WireFormatError);
    },
  );
});
