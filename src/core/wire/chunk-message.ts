/**
 * A frame sent chunk by chunk: a message for each chunk, and the edge's acknowledgement of those that arrived.
 * docs/wire-format.md, section "Messages", is normative.
 *
 * The twist: the bytes of a request's messages 0 to n-1, one after another, are its frame, and those of its first messages
 * are that frame cut short, which decodes as far as it goes. So nothing but the frame itself is needed to answer.
 */

import { WireFormatError } from '../errors.ts';
import { messageKinds, requestIdOffset, requireRequestId } from './message-header.ts';

/** Bytes of a chunk message before the chunk, and of an acknowledgement in all. */
export const chunkMessageHeaderBytes = 8;

/** Highest index of a chunk: a frame has at most 255. */
const maxChunkIndex = 254;
/** Longest time that a chunk message can tell, in ms. */
const maxRemainingMs = 0xfffe;
const noDeadline = 0xffff;

/** A device sends one chunk of a frame. */
export interface ChunkMessage {
  /** Chosen by the device, the same for all chunks of a frame, unique among its open requests; 32 bits, unsigned. */
  readonly requestId: number;
  /** Place in the frame, 0 to 254. */
  readonly index: number;
  /**
   * Time from the arrival of this message, as the device expects it, to the moment at which the answer must leave the edge;
   * absent without a deadline.
   */
  readonly remainingMs?: number;
  /** The chunk's bytes of the frame, header and payload; those of chunk 0 begin with the frame's header. */
  readonly bytes: Uint8Array;
}

/** An edge has the first chunks of a frame. */
export interface Acknowledgement {
  readonly requestId: number;
  /** Leading chunks that have arrived so far, 1 to 255. */
  readonly chunks: number;
}

/**
 * Serializes a chunk message. `remainingMs` is rounded down to whole milliseconds, and to 65,534 when it is longer.
 *
 * @throws {@link RangeError} when a number does not fit.
 */
export function serializeChunkMessage(message: ChunkMessage): Uint8Array {
  const { requestId, index, remainingMs, bytes } = message;
  requireRequestId(requestId);
  if (!Number.isInteger(index) || index < 0 || index > maxChunkIndex) {
    throw new RangeError(`index must be 0 to ${maxChunkIndex}, got ${index}`);
  }
  if (remainingMs !== undefined && !(remainingMs >= 0)) {
    throw new RangeError(`remainingMs must be at least 0, got ${remainingMs}`);
  }
  const serialized = new Uint8Array(chunkMessageHeaderBytes + bytes.length);
  const view = new DataView(serialized.buffer);
  view.setUint8(0, messageKinds.chunk);
  view.setUint8(1, index);
  view.setUint16(2, remainingMs === undefined ? noDeadline : Math.min(maxRemainingMs, Math.floor(remainingMs)), true);
  view.setUint32(requestIdOffset, requestId, true);
  serialized.set(bytes, chunkMessageHeaderBytes);
  return serialized;
}

/**
 * Parses a chunk message. Its bytes of the frame are a view of the message and not looked at.
 *
 * @throws {@link WireFormatError} when the bytes are no chunk message.
 */
export function parseChunkMessage(message: Uint8Array): ChunkMessage {
  const view = viewOf(message, 'a chunk message', messageKinds.chunk);
  const index = view.getUint8(1);
  if (index > maxChunkIndex) throw invalid('a chunk message', 1, `an index of 0 to ${maxChunkIndex}`, `${index}`);
  const remainingMs = view.getUint16(2, true);
  const requestId = view.getUint32(requestIdOffset, true);
  const bytes = message.subarray(chunkMessageHeaderBytes);
  return remainingMs === noDeadline ? { requestId, index, bytes } : { requestId, index, remainingMs, bytes };
}

/**
 * Serializes an acknowledgement, `uint8[8]`.
 *
 * @throws {@link RangeError} when a number does not fit.
 */
export function serializeAcknowledgement({ requestId, chunks }: Acknowledgement): Uint8Array {
  requireRequestId(requestId);
  if (!Number.isInteger(chunks) || chunks < 1 || chunks > maxChunkIndex + 1) {
    throw new RangeError(`chunks must be 1 to ${maxChunkIndex + 1}, got ${chunks}`);
  }
  const serialized = new Uint8Array(chunkMessageHeaderBytes);
  const view = new DataView(serialized.buffer);
  view.setUint8(0, messageKinds.acknowledgement);
  view.setUint8(1, chunks);
  view.setUint32(requestIdOffset, requestId, true);
  return serialized;
}

/**
 * Parses an acknowledgement.
 *
 * @throws {@link WireFormatError} when the bytes are none.
 */
export function parseAcknowledgement(message: Uint8Array): Acknowledgement {
  const what = 'an acknowledgement';
  const view = viewOf(message, what, messageKinds.acknowledgement);
  const chunks = view.getUint8(1);
  if (chunks === 0) throw invalid(what, 1, 'at least one chunk', '0');
  const reserved = view.getUint16(2, true);
  if (reserved !== 0) throw invalid(what, 2, 'reserved 0', `${reserved}`);
  if (message.length > chunkMessageHeaderBytes) {
    const more = message.length - chunkMessageHeaderBytes;
    throw invalid(what, chunkMessageHeaderBytes, 'the end of the message', `${more} more bytes`);
  }
  return { requestId: view.getUint32(requestIdOffset, true), chunks };
}

/** A view of a message of that kind with at least its header. */
function viewOf(message: Uint8Array, what: string, kind: number): DataView {
  if (message.length < chunkMessageHeaderBytes) {
    throw invalid(what, message.length, `at least ${chunkMessageHeaderBytes} bytes`, `${message.length} bytes`);
  }
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (view.getUint8(0) !== kind) throw invalid(what, 0, `kind ${kind}`, `kind ${view.getUint8(0)}`);
  return view;
}

function invalid(what: string, byteOffset: number, expected: string, got: string): WireFormatError {
  return new WireFormatError(`this is not ${what}`, { byteOffset, expected, got });
}
