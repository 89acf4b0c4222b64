import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UsageError } from '../../core/errors.ts';
import { parseInferRequest } from './infer-request.ts';
import { outputNames } from './infer-schema.ts';
import { serializeBytesElements } from './tensor-bytes.ts';

const frame = Uint8Array.of(1, 2, 255);
const text = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));
const input = (more: object) => ({ inputs: [{ name: 'frame', datatype: 'UINT8', shape: [3], ...more }] });
const parse = (json: unknown) => parseInferRequest(text(json), undefined);

/** JSON, and bytes behind it. */
function withBinary(json: unknown, binary: Uint8Array) {
  const header = text(json);
  return parseInferRequest(Buffer.concat([header, binary]), header.length);
}

test('a frame as numbers, flat or nested, in either shape', () => {
  expect(parse(input({ data: [1, 2, 255] }))).toEqual({
    frame,
    outputs: outputNames.map((name) => ({ name, isBinary: false })),
  });
  expect(parse(input({ shape: [1, 3], data: [[1, 2, 255]] })).frame).toEqual(frame);
});

test('a frame as binary data, as UINT8 and as BYTES', () => {
  const uint8 = withBinary(input({ parameters: { binary_data_size: 3 } }), frame);
  expect(new Uint8Array(uint8.frame)).toEqual(frame);
  const element = serializeBytesElements([frame]);
  const bytes = withBinary(
    input({ datatype: 'BYTES', shape: [1], parameters: { binary_data_size: element.length } }),
    element,
  );
  expect(new Uint8Array(bytes.frame)).toEqual(frame);
});

test('a body that is nothing but a frame', () => {
  expect(parseInferRequest(frame, 0)).toMatchObject({
    frame,
    outputs: [{ name: 'logits', isBinary: false }, {}, {}, {}],
  });
});

test('outputs, their form, the id and the time that is left', () => {
  const request = parse({
    ...input({ data: [1, 2, 255] }),
    id: 'seven',
    parameters: { timeout: 80_500, binary_data_output: true },
    outputs: [{ name: 'labels', parameters: { binary_data: false } }, { name: 'logits' }],
  });
  expect(request).toMatchObject({
    id: 'seven',
    remainingMs: 80.5,
    outputs: [
      { name: 'labels', isBinary: false },
      { name: 'logits', isBinary: true },
    ],
  });
});

test.each([
  ['no JSON', () => parseInferRequest(frame, undefined), /no JSON.*Inference-Header-Content-Length: 0/],
  ['a body that is too short', () => parseInferRequest(frame, 9), /is 9, but the body has 3 bytes/],
  ['no input', () => parse({ inputs: [] }), /is none for a frame/],
  ['another input', () => parse({ inputs: [{ name: 'image', datatype: 'UINT8', shape: [1], data: [1] }] }), /"frame"/],
  ['another type', () => parse(input({ datatype: 'FP32', data: [1, 2, 3] })), /datatype/],
  ['an unknown output', () => parse({ ...input({ data: [1, 2, 3] }), outputs: [{ name: 'heat' }] }), /outputs/],
  ['numbers that are no bytes', () => parse(input({ data: [1, 2, 256] })), /whole numbers from 0 to 255, got 256/],
  ['a shape that does not fit', () => parse(input({ data: [1, 2] })), /the shape says 3 numbers in "data", got 2/],
  ['no data', () => parse(input({})), /neither "data" nor/],
  ['BYTES as JSON', () => parse(input({ datatype: 'BYTES', shape: [1], data: [1] })), /send it as UINT8/],
  [
    'missing bytes',
    () => withBinary(input({ parameters: { binary_data_size: 3 } }), Uint8Array.of(1)),
    /but 1 bytes follow/,
  ],
  [
    'two elements',
    () => {
      const two = serializeBytesElements([frame, frame]);
      return withBinary(input({ datatype: 'BYTES', shape: [2], parameters: { binary_data_size: two.length } }), two);
    },
    /for one frame, got 2/,
  ],
  [
    'an element that is cut off',
    () =>
      withBinary(
        input({ datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 5 } }),
        Uint8Array.of(9, 0, 0, 0, 1),
      ),
    /element 0 is cut off/,
  ],
] as const)('%s is refused', (_, request, message) => {
  expect(request).toThrow(UsageError);
  expect(request).toThrow(message);
});

test('any bytes are a request or a usage error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.option(fc.nat(400), { nil: undefined }), (body, jsonBytes) => {
      try {
        parseInferRequest(body, jsonBytes);
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
      }
    }),
  );
});
