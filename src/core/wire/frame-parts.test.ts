import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WireFormatError } from '../errors.ts';
import { parseFrame, serializeFrame } from './frame.ts';
import { cutFrame, splitFrame } from './frame-parts.ts';

const modelId = '0123456789ab';
const payloads = [Uint8Array.of(1, 2, 3), new Uint8Array(), Uint8Array.of(255)];
const frame = serializeFrame({ modelId, parameterSet: 3, payloads });

const anyFrame = fc
  .array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 20 })
  .map((payloads) => serializeFrame({ modelId, payloads }));

test('the parts are the chunks, the first with the header', () => {
  expect(splitFrame(frame).map((part) => part.length)).toEqual([19, 4, 5]);
});

test('the first parts of a frame are that frame cut short', () => {
  fc.assert(
    fc.property(anyFrame, (frame) => {
      const parts = splitFrame(frame);
      expect(Uint8Array.from(parts.flatMap((part) => [...part]))).toEqual(frame);
      const { payloads } = parseFrame(frame);
      for (let count = 1; count < parts.length; count++) {
        const cut = parseFrame(Uint8Array.from(parts.slice(0, count).flatMap((part) => [...part])));
        expect(cut.payloads).toEqual(payloads.slice(0, count));
        expect(cut.chunksAnnounced).toBe(parts.length);
      }
    }),
    { numRuns: 50 },
  );
});

test('a shorter frame is whole and announces its own chunks', () => {
  for (let chunks = 1; chunks <= 3; chunks++) {
    expect(parseFrame(cutFrame(frame, chunks))).toEqual({
      modelId,
      parameterSet: 3,
      chunksAnnounced: chunks,
      payloads: payloads.slice(0, chunks),
    });
  }
  expect(cutFrame(frame, 3)).toEqual(frame);
});

test.each([0, 4, 1.5, Number.NaN])('a frame of three chunks cannot be cut to %s', (chunks) => {
  expect(() => cutFrame(frame, chunks)).toThrow(
    new RangeError(`chunks must be 1 to 3, as many as the frame has, got ${chunks}`),
  );
});

test('what is no whole frame is refused', () => {
  for (const broken of [frame.subarray(0, 27), Uint8Array.of(...frame, 0), new Uint8Array(3)]) {
    expect(() => splitFrame(broken)).toThrow(WireFormatError);
    expect(() => cutFrame(broken, 1)).toThrow(WireFormatError);
  }
});
