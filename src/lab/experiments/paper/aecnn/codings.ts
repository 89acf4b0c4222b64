/** Other ways to turn the same symbols into bytes than our entropy coder: what entropy coding is worth. */

import { deflateRawSync } from 'node:zlib';
import type { EntropyModel } from '../../../../core/codec/index.ts';
import { chunkHeaderBytes, frameHeaderBytes } from '../../../../core/wire/index.ts';

/** Header of a frame with a single chunk: what any coding pays. */
const headerBytes = frameHeaderBytes + chunkHeaderBytes;

/** Bytes of a frame whose symbols are fixed-length codes, as many bits as the alphabet of their element needs. */
export function rawBytes(entropy: EntropyModel): number {
  const bits = entropy.tables.map(({ minSymbol, maxSymbol }) => Math.ceil(Math.log2(maxSymbol - minSymbol + 1)));
  return headerBytes + Math.ceil(bits.reduce((a, b) => a + b, 0) / 8);
}

/** Bytes of a frame whose symbols go through deflate at its highest level: a byte each where they all fit, two otherwise. */
export function deflateBytes(symbols: Int16Array): number {
  const isBytes = symbols.every((symbol) => symbol >= -128 && symbol <= 127);
  const values = isBytes ? Int8Array.from(symbols) : symbols;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return headerBytes + deflateRawSync(bytes, { level: 9 }).length;
}
