import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodecError, WireFormatError } from '../errors.ts';
import { parseFrame, serializeFrame } from './frame.ts';
import { parseFrameHeader, serializeFrameHeader } from './frame-header.ts';

const modelId = '0123456789ab';
const payloads = [Uint8Array.of(1, 2, 3), new Uint8Array(), Uint8Array.of(255)];
const frame = serializeFrame({ modelId, parameterSet: 3, payloads });

test('gives the payloads back', () => {
  const payload = fc.uint8Array({ maxLength: 100 });
  fc.assert(
    fc.property(fc.array(payload, { minLength: 1, maxLength: 255 }), fc.nat(15), (payloads, parameterSet) => {
      const bytes = serializeFrame({ modelId, parameterSet, payloads });
      expect(bytes.length).toBe(12 + payloads.reduce((sum, p) => sum + 4 + p.length, 0));
      expect(parseFrame(bytes)).toEqual({ modelId, parameterSet, chunksAnnounced: payloads.length, payloads });
    }),
    { numRuns: 100 },
  );
});

test('a payload of 2,047 bytes is the longest', () => {
  const longest = new Uint8Array(2047).fill(7);
  expect(parseFrame(serializeFrame({ modelId, payloads: [longest] })).payloads).toEqual([longest]);
  expect(() => serializeFrame({ modelId, payloads: [new Uint8Array(2048)] })).toThrow(
    'chunk 0 has 2048 bytes and a chunk on the wire at most 2047',
  );
});

test('refuses to write what cannot be read', () => {
  expect(() => serializeFrame({ modelId, payloads: [] })).toThrow(CodecError);
  expect(() => serializeFrame({ modelId, payloads: new Array(256).fill(new Uint8Array()) })).toThrow(CodecError);
  expect(() => serializeFrame({ modelId: '0123456789AB', payloads })).toThrow(TypeError);
  expect(() => serializeFrame({ modelId, parameterSet: 16, payloads })).toThrow(RangeError);
});

describe('header', () => {
  const header = { modelId, parameterSet: 0, chunksAnnounced: 2 };
  const bytes = serializeFrameHeader(header);

  test('is read without what follows', () => {
    expect(parseFrameHeader(bytes)).toEqual(header);
    expect(parseFrameHeader(frame)).toEqual({ modelId, parameterSet: 3, chunksAnnounced: 3 });
  });

  test('is refused with any one or two bits flipped', () => {
    for (let a = 0; a < 96; a++) {
      for (let b = a; b < 96; b++) {
        const flipped = bytes.slice();
        for (const bit of new Set([a, b])) flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(() => parseFrameHeader(flipped)).toThrow(WireFormatError);
      }
    }
  });

  test.each([
    [0, 0x00, 'at byte 0: expected the magic number AE C2, got 00c2'],
    [2, 0x30, 'at byte 2: expected version 2, got version 3'],
    [9, 0x00, 'at byte 10: expected header CRC'],
  ])('byte %d = %d: %s', (offset, value, message) => {
    expect(() => parseFrameHeader(bytes.with(offset, value))).toThrow(message);
  });
});

describe('damage', () => {
  test('a cut anywhere leaves the whole chunks before it', () => {
    const ends = [19, 23, 28];
    for (let length = 0; length < frame.length; length++) {
      const cut = frame.subarray(0, length);
      const whole = ends.filter((end) => end <= length).length;
      if (whole === 0) {
        expect(() => parseFrame(cut)).toThrow(WireFormatError);
        continue;
      }
      const parsed = parseFrame(cut);
      expect(parsed.payloads).toEqual(payloads.slice(0, whole));
      expect(parsed.damage).toBeInstanceOf(WireFormatError);
    }
  });

  test('bytes after the last chunk are told', () => {
    const { payloads: parsed, damage } = parseFrame(Uint8Array.of(...frame, 0));
    expect(parsed).toEqual(payloads);
    expect(damage?.details).toEqual({ byteOffset: 28, expected: 'the end of the frame', got: '1 more bytes' });
  });

  test('the place of a broken chunk is told', () => {
    expect(parseFrame(frame.with(27, 254)).damage?.details.byteOffset).toBe(23);
  });

  test('any bytes parse or throw a WireFormatError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(28), (bytes, kept) => {
        try {
          parseFrame(Uint8Array.of(...frame.subarray(0, kept), ...bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(WireFormatError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
