/**
 * A frame: header, then chunks in order of importance, each with its length and its own CRC, so that a frame cut or broken
 * anywhere is still its whole leading chunks. docs/wire-format.md, sections "Frame" and "Chunk", is normative.
 *
 * The twist: a chunk's CRC runs over the frame header and the chunk's index too. A chunk of another model, another frame
 * length or another place in the frame does not pass as this one.
 */

import { CodecError, WireFormatError } from '../errors.ts';
import { crc21 } from './crc.ts';
import { type FrameHeader, frameHeaderBytes, parseFrameHeader, serializeFrameHeader } from './frame-header.ts';

/** Bytes of a chunk before its payload: 11 bits of length, 21 bits of CRC. */
export const chunkHeaderBytes = 4;

/** Longest payload of a chunk: what 11 bits can say. */
export const maxChunkPayloadBytes = 0x7ff;

/** What goes into a frame. */
export interface FrameContent {
  /** 12 lower-case hex digits. */
  readonly modelId: string;
  /** 0 to 15; 0 when left out. */
  readonly parameterSet?: number;
  /** Payload of each chunk, most important first; 1 to 255 of at most 2,047 bytes. */
  readonly payloads: readonly Uint8Array[];
}

/** What came out of one. */
export interface ParsedFrame extends FrameHeader {
  /** Payloads of the whole chunks before the first damage: at least one, at most `chunksAnnounced`. Views of the frame. */
  readonly payloads: readonly Uint8Array[];
  /** Why the frame ends before or after the chunks it announced; absent in a whole frame. */
  readonly damage?: WireFormatError;
}

/**
 * Serializes a frame.
 *
 * @throws {@link CodecError} when a payload is longer than 2,047 bytes, or there are none or more than 255.
 */
export function serializeFrame(content: FrameContent): Uint8Array {
  const { modelId, parameterSet = 0, payloads } = content;
  const header = serializeFrameHeader({ modelId, parameterSet, chunksAnnounced: payloads.length });
  const frame = new Uint8Array(payloads.reduce((sum, p) => sum + chunkHeaderBytes + p.length, frameHeaderBytes));
  const view = new DataView(frame.buffer);
  frame.set(header);
  let offset = frameHeaderBytes;
  for (const [index, payload] of payloads.entries()) {
    if (payload.length > maxChunkPayloadBytes) {
      throw new CodecError(
        `chunk ${index} has ${payload.length} bytes and a chunk on the wire at most ${maxChunkPayloadBytes}; give the model smaller chunks`,
      );
    }
    view.setUint32(offset, (chunkCrc(header, index, payload) << 11) | payload.length, true);
    frame.set(payload, offset + chunkHeaderBytes);
    offset += chunkHeaderBytes + payload.length;
  }
  return frame;
}

/**
 * Parses a frame as far as it is whole.
 *
 * @throws {@link WireFormatError} when there is no valid header or not one whole chunk. Later damage is told, not thrown.
 */
export function parseFrame(bytes: Uint8Array): ParsedFrame {
  const header = parseFrameHeader(bytes);
  const payloads: Uint8Array[] = [];
  let offset = frameHeaderBytes;
  while (payloads.length < header.chunksAnnounced) {
    const chunk = readChunk(bytes, offset, payloads.length);
    if (chunk instanceof WireFormatError) {
      if (payloads.length === 0) throw chunk;
      return { ...header, payloads, damage: chunk };
    }
    payloads.push(chunk);
    offset += chunkHeaderBytes + chunk.length;
  }
  if (offset === bytes.length) return { ...header, payloads };
  const damage = new WireFormatError('the frame goes on after its last chunk', {
    byteOffset: offset,
    expected: 'the end of the frame',
    got: `${bytes.length - offset} more bytes`,
  });
  return { ...header, payloads, damage };
}

function readChunk(bytes: Uint8Array, offset: number, index: number): Uint8Array | WireFormatError {
  const damaged = (byteOffset: number, expected: string, got: string): WireFormatError =>
    new WireFormatError(`chunk ${index} is cut or damaged`, { byteOffset, expected, got });

  const left = bytes.length - offset;
  if (left < chunkHeaderBytes) return damaged(offset, `${chunkHeaderBytes} bytes of chunk header`, `${left} bytes`);
  const word = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset, true);
  const length = word & maxChunkPayloadBytes;
  const start = offset + chunkHeaderBytes;
  if (start + length > bytes.length)
    return damaged(start, `${length} bytes of payload`, `${bytes.length - start} bytes`);
  const payload = bytes.subarray(start, start + length);
  const crc = chunkCrc(bytes.subarray(0, frameHeaderBytes), index, payload);
  return crc === word >>> 11 ? payload : damaged(offset, `chunk CRC ${crc}`, `${word >>> 11}`);
}

function chunkCrc(header: Uint8Array, index: number, payload: Uint8Array): number {
  return crc21.of(header, Uint8Array.of(index, payload.length & 0xff, payload.length >>> 8), payload);
}
