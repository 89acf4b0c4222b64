import { expect, test } from 'vitest';
import { WireFormatError } from '../errors.ts';
import { serializeAcknowledgement, serializeChunkMessage } from './chunk-message.ts';
import { serializeRequest } from './message.ts';
import { requestKind } from './message-header.ts';

test('tells the two ways to send a frame apart', () => {
  expect(requestKind(serializeRequest({ requestId: 1, frame: new Uint8Array() }))).toBe('wholeFrame');
  expect(requestKind(serializeChunkMessage({ requestId: 1, index: 0, bytes: new Uint8Array() }))).toBe('chunk');
});

test.each([
  [new Uint8Array(), 'an empty message'],
  [serializeAcknowledgement({ requestId: 1, chunks: 1 }), 'kind 3'],
  [Uint8Array.of(0), 'kind 0'],
  [Uint8Array.of(255, 2), 'kind 255'],
])('what no device sends is refused, naming what one does: %s', (bytes, got) => {
  expect(() => requestKind(bytes)).toThrow(WireFormatError);
  expect(() => requestKind(bytes)).toThrow(`expected kind 1 (whole frame) or 2 (chunk), got ${got}`);
});
