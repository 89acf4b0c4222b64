/** Symbols to a frame and back, with the split model's layout: the whole way of a latent over the wire. */

import { compressChunk, decompressChunk, emptyLatent, type LatentLayout } from '../codec/index.ts';
import { CodecError, ModelError, WireFormatError } from '../errors.ts';
import { chunkHeaderBytes, maxChunkPayloadBytes, parseFrame, serializeFrame } from './frame.ts';
import { frameHeaderBytes } from './frame-header.ts';

/** What both ends know of the split model that a frame belongs to: how its symbols are coded, and its id. */
export interface FrameModel extends LatentLayout {
  /** 12 lower-case hex digits. */
  readonly modelId: string;
}

/** How {@link encodeFrame} limits a frame. */
export interface EncodeFrameOptions {
  /** Trailing chunks are left out until the frame has at most so many bytes; `Infinity` sends them all. */
  readonly maxBytes?: number;
}

/** Default of {@link EncodeFrameOptions.maxBytes}: a frame that fits one packet of any common link, with its headers. */
export const onePacketBytes = 1200;

/** What {@link decodeFrame} gives. */
export interface DecodedFrame {
  /** `int16[k * h * w]`: what the decoded chunks tell of each symbol, 0 where they tell nothing. */
  readonly symbols: Int16Array;
  /** Leading chunks that were whole: at least 1. */
  readonly chunksDecoded: number;
  /** Chunks that the sender put into the frame. */
  readonly chunksOf: number;
  /** What was wrong with the rest of the frame; absent when nothing was. */
  readonly damage?: WireFormatError;
}

/** Whether there is a frame of these symbols of at most so many bytes: one of the first chunk alone. */
export function frameFits(symbols: Int16Array, model: FrameModel, maxBytes: number): boolean {
  return frameHeaderBytes + chunkHeaderBytes + compressChunk(symbols, model, 0).length <= maxBytes;
}

/**
 * Encodes a latent's symbols as a frame, most important chunks first.
 *
 * @param symbols - `int16[k * h * w]` from `quantize`.
 * A chunk of more than 2,047 bytes, which the wire cannot carry, ends the frame like one that does not fit.
 *
 * @throws {@link CodecError} when not even the first chunk fits.
 */
export function encodeFrame(symbols: Int16Array, model: FrameModel, options: EncodeFrameOptions = {}): Uint8Array {
  const { maxBytes = onePacketBytes } = options;
  const payloads: Uint8Array[] = [];
  let frameBytes = frameHeaderBytes;
  for (let chunk = 0; chunk < model.plan.chunks; chunk++) {
    // A chunk that cannot fit even when empty need not be compressed.
    if (payloads.length > 0 && frameBytes + chunkHeaderBytes > maxBytes) break;
    const payload = compressChunk(symbols, model, chunk);
    frameBytes += chunkHeaderBytes + payload.length;
    if (frameBytes > maxBytes || payload.length > maxChunkPayloadBytes) {
      if (payloads.length > 0) break;
      const limit = Math.min(maxBytes, frameHeaderBytes + chunkHeaderBytes + maxChunkPayloadBytes);
      throw new CodecError(`the first chunk needs a frame of ${frameBytes} bytes, more than the limit of ${limit}`);
    }
    payloads.push(payload);
  }
  return serializeFrame({ modelId: model.modelId, payloads });
}

/**
 * Decodes a frame as far as it is whole.
 *
 * @throws {@link WireFormatError} when not even the first chunk decodes.
 * @throws {@link ModelError} when the frame belongs to another model; the message names both ids.
 */
export function decodeFrame(bytes: Uint8Array, model: FrameModel): DecodedFrame {
  const frame = parseFrame(bytes);
  if (frame.modelId !== model.modelId) {
    throw new ModelError(`the frame was made for model ${frame.modelId}, this is model ${model.modelId}`);
  }
  if (frame.parameterSet !== 0) throw unknown(2, 'parameter set 0', `${frame.parameterSet}`);
  if (frame.chunksAnnounced > model.plan.chunks) {
    throw unknown(3, `at most ${model.plan.chunks} chunks`, `${frame.chunksAnnounced}`);
  }
  let symbols = emptyLatent(model);
  let chunksDecoded = 0;
  let payloadOffset = frameHeaderBytes;
  let { damage } = frame;
  for (const payload of frame.payloads) {
    payloadOffset += chunkHeaderBytes;
    const decoded = decompress(payload, payloadOffset, model, chunksDecoded, symbols);
    if (decoded instanceof WireFormatError) {
      if (chunksDecoded === 0) throw decoded;
      damage = decoded;
      break;
    }
    symbols = decoded;
    payloadOffset += payload.length;
    chunksDecoded++;
  }
  const result = { symbols, chunksDecoded, chunksOf: frame.chunksAnnounced };
  return damage === undefined ? result : { ...result, damage };
}

/** Decompresses a chunk; a payload that does not decode is told with its place in the frame. */
function decompress(
  payload: Uint8Array,
  payloadOffset: number,
  model: FrameModel,
  chunk: number,
  symbols: Int16Array,
): Int16Array | WireFormatError {
  try {
    return decompressChunk(payload, model, chunk, symbols);
  } catch (error) {
    if (!(error instanceof WireFormatError)) throw error;
    const { byteOffset, expected, got } = error.details;
    const details = { byteOffset: payloadOffset + byteOffset, expected, got };
    return new WireFormatError(`chunk ${chunk} does not decode`, details, { cause: error });
  }
}

function unknown(byteOffset: number, expected: string, got: string): WireFormatError {
  return new WireFormatError('the frame asks for something that its model does not have', {
    byteOffset,
    expected,
    got,
  });
}
