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

/** Bytes of a frame whose symbols, a byte each, go through deflate at its highest level. */
export function deflateBytes(symbols: Int16Array): number {
  return (
    headerBytes +
    deflateRawSync(
      Uint8Array.from(symbols, (symbol) => symbol & 0xff),
      { level: 9 },
    ).length
  );
}
