/** What the page of `frames.test.ts` runs: the codec, bundled for browsers. */

import { parseLatentCoding } from '../../src/core/codec/index.ts';
import { AecnnError } from '../../src/core/errors.ts';
import { decodeFrame, encodeFrame } from '../../src/core/wire/index.ts';
import type { FrameVector } from '../vectors/frame-vectors.ts';

/** What a golden frame decodes to, and the frame that its symbols give again. */
export interface CodedInBrowser {
  /** As in the vector; nothing when the frame was refused. */
  readonly symbols: string;
  readonly chunksDecoded: number;
  /** Whole frame of those symbols, in hexadecimal. */
  readonly encoded: string;
}

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
const toHex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** Decodes the frame of a vector and encodes what came out. */
export function codeVector({ modelId, latentShape, entropy, frame }: FrameVector): CodedInBrowser {
  const model = { modelId, latentShape, ...parseLatentCoding(fromHex(entropy)) };
  try {
    const { symbols, chunksDecoded } = decodeFrame(fromHex(frame), model);
    const encoded = toHex(encodeFrame(symbols, model, { maxBytes: Number.POSITIVE_INFINITY }));
    return { symbols: symbols.join(' '), chunksDecoded, encoded };
  } catch (error) {
    if (error instanceof AecnnError) return { symbols: '', chunksDecoded: 0, encoded: '' };
    throw error;
  }
}

Object.assign(globalThis, { codeVector });
