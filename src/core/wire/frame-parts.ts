/** A whole frame taken apart: into the bytes of its chunks, to be sent one by one, or into a shorter frame of the first. */

import { chunkHeaderBytes, type ParsedFrame, parseFrame, serializeFrame } from './frame.ts';
import { frameHeaderBytes } from './frame-header.ts';

/**
 * Splits a frame into one part a chunk, the first with the frame's header. One after another they are the frame.
 *
 * @returns Views of the frame.
 * @throws {@link WireFormatError} when the frame is not whole.
 */
export function splitFrame(frame: Uint8Array): Uint8Array[] {
  let end = frameHeaderBytes;
  return parseWhole(frame).payloads.map((payload, index) => {
    const start = index === 0 ? 0 : end;
    end += chunkHeaderBytes + payload.length;
    return frame.subarray(start, end);
  });
}

/**
 * Makes the frame of another frame's first chunks: its header announces exactly so many, so that it is whole.
 *
 * @param chunks - How many to keep, 1 to as many as there are.
 * @throws {@link RangeError} when there are not so many.
 * @throws {@link WireFormatError} when the frame is not whole.
 */
export function cutFrame(frame: Uint8Array, chunks: number): Uint8Array {
  const { modelId, parameterSet, payloads } = parseWhole(frame);
  if (!Number.isInteger(chunks) || chunks < 1 || chunks > payloads.length) {
    throw new RangeError(`chunks must be 1 to ${payloads.length}, as many as the frame has, got ${chunks}`);
  }
  return serializeFrame({ modelId, parameterSet, payloads: payloads.slice(0, chunks) });
}

function parseWhole(frame: Uint8Array): ParsedFrame {
  const parsed = parseFrame(frame);
  if (parsed.damage !== undefined) throw parsed.damage;
  return parsed;
}
