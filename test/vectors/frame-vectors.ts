/** The golden frames of wire version 2 as stored in `frames-v2.json`, and reading them. */

import { readFileSync } from 'node:fs';

/** A frame, the model that it belongs to, and what it must decode to. */
export interface FrameVector {
  readonly name: string;
  readonly modelId: string;
  readonly latentShape: readonly [number, number, number];
  /** Bytes of entropy.bin, in hexadecimal. */
  readonly entropy: string;
  /** Bytes of the frame, in hexadecimal. */
  readonly frame: string;
  /** Symbols to be decoded, between spaces, as far as the frame tells them; empty when the frame must be refused. */
  readonly symbols: string;
  /** Leading chunks that decode; 0 when the frame must be refused. */
  readonly chunksDecoded: number;
  /** Whether the frame is cut or broken somewhere. */
  readonly damaged: boolean;
}

/** Reads the stored vectors. */
export function readFrameVectors(): FrameVector[] {
  return JSON.parse(readFileSync(new URL('frames-v2.json', import.meta.url), 'utf8')) as FrameVector[];
}
