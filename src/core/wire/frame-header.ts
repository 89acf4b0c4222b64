/** The first 12 bytes of a frame. docs/wire-format.md, section "Frame header", is normative. */

import { CodecError, WireFormatError } from '../errors.ts';
import { crc16 } from './crc.ts';

/** Bytes of a frame before its first chunk. */
export const frameHeaderBytes = 12;

const magic0 = 0xae;
const magic1 = 0xc2;
const version = 2;
const crcOffset = 10;

/** What a frame says about itself. */
export interface FrameHeader {
  /** 12 lower-case hex digits. */
  readonly modelId: string;
  /** Which of the model's parameter sets the chunks are coded with; 0 to 15. */
  readonly parameterSet: number;
  /** Chunks that were sent, 1 to 255; at most as many as the model has. */
  readonly chunksAnnounced: number;
}

/** Serializes a frame header, `uint8[12]`. */
export function serializeFrameHeader(header: FrameHeader): Uint8Array {
  const { modelId, parameterSet, chunksAnnounced } = header;
  if (!/^[0-9a-f]{12}$/.test(modelId))
    throw new TypeError(`modelId must be 12 lower-case hex digits, got "${modelId}"`);
  if (!Number.isInteger(parameterSet) || parameterSet < 0 || parameterSet > 15) {
    throw new RangeError(`parameterSet must be 0 to 15, got ${parameterSet}`);
  }
  if (!Number.isInteger(chunksAnnounced) || chunksAnnounced < 1 || chunksAnnounced > 255) {
    throw new CodecError(`a frame carries 1 to 255 chunks, got ${chunksAnnounced}`);
  }
  const bytes = new Uint8Array(frameHeaderBytes);
  bytes.set([magic0, magic1, (version << 4) | parameterSet, chunksAnnounced]);
  for (let i = 0; i < 6; i++) bytes[4 + i] = Number.parseInt(modelId.slice(2 * i, 2 * i + 2), 16);
  new DataView(bytes.buffer).setUint16(crcOffset, crc16.of(bytes.subarray(0, crcOffset)), true);
  return bytes;
}

/**
 * Parses the header of a frame; what follows it is not looked at. The edge picks the model by it.
 *
 * @throws {@link WireFormatError} when the bytes do not begin with a valid header of this version.
 */
export function parseFrameHeader(bytes: Uint8Array): FrameHeader {
  if (bytes.length < frameHeaderBytes) {
    throw invalid(bytes.length, `a header of ${frameHeaderBytes} bytes`, `${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== magic0 || view.getUint8(1) !== magic1) {
    throw invalid(0, 'the magic number AE C2', toHex(bytes.subarray(0, 2)));
  }
  const versionAndSet = view.getUint8(2);
  if (versionAndSet >>> 4 !== version) throw invalid(2, `version ${version}`, `version ${versionAndSet >>> 4}`);
  const crc = crc16.of(bytes.subarray(0, crcOffset));
  const sent = view.getUint16(crcOffset, true);
  if (crc !== sent) throw invalid(crcOffset, `header CRC ${crc}`, `${sent}`);
  const chunksAnnounced = view.getUint8(3);
  if (chunksAnnounced === 0) throw invalid(3, 'at least one chunk', '0');
  return { modelId: toHex(bytes.subarray(4, crcOffset)), parameterSet: versionAndSet & 0xf, chunksAnnounced };
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function invalid(byteOffset: number, expected: string, got: string): WireFormatError {
  return new WireFormatError('this is not the beginning of a frame', { byteOffset, expected, got });
}
