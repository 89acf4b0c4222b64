/**
 * How every binary message begins: one byte that says what it is, and at byte 4 the id of its request.
 * docs/wire-format.md, section "Messages", is normative.
 */

import { WireFormatError } from '../errors.ts';

/** First byte of each binary message. */
export const messageKinds = { wholeFrame: 1, chunk: 2, acknowledgement: 3 } as const;

/** Subprotocol of the WebSocket: the version of all messages, on which both ends agree when they connect. */
export const streamProtocol = 'aecnn.1';

/** What a device can send. */
export type RequestKind = 'wholeFrame' | 'chunk';

/** Offset of the request id, `u32`, in every binary message. */
export const requestIdOffset = 4;

/**
 * Tells what an edge received by its first byte; the rest is not looked at.
 *
 * @throws {@link WireFormatError} when it is nothing that a device sends.
 */
export function requestKind(bytes: Uint8Array): RequestKind {
  const kind = bytes[0];
  if (kind === messageKinds.wholeFrame) return 'wholeFrame';
  if (kind === messageKinds.chunk) return 'chunk';
  throw new WireFormatError('this is not a request', {
    byteOffset: 0,
    expected: `kind ${messageKinds.wholeFrame} (whole frame) or ${messageKinds.chunk} (chunk)`,
    got: kind === undefined ? 'an empty message' : `kind ${kind}`,
  });
}

/**
 * Checks a request id.
 *
 * @throws {@link RangeError} when it is no unsigned 32-bit number.
 */
export function requireRequestId(requestId: number): void {
  if (!Number.isInteger(requestId) || requestId < 0 || requestId > 0xffffffff) {
    throw new RangeError(`requestId must be an unsigned 32-bit number, got ${requestId}`);
  }
}
