/**
 * Symbols of a latent to payloads and back: where model, coder and sink meet.
 *
 *     symbols ─► table of the channel ─► interval ─► range encoder ─► payload of the chunk
 *     payload ─► range decoder ─► quantile ─► table of the channel ─► symbols
 *
 * A chunk is a group of whole latent channels, coded on its own, so that any number of leading chunks decodes.
 */

import { CodecError } from '../errors.ts';
import { createByteSink } from './byte-sink.ts';
import { type EntropyModel, symbolIndex } from './entropy-model.ts';
import { type FrequencyTable, frequencyTotal, indexOfQuantile } from './frequency-table.ts';
import { rangeCoder } from './range-coder.ts';

/** How the symbols of a split model are laid out and modelled. */
export interface LatentLayout {
  /** Channels, height, width of the latent. */
  readonly latentShape: readonly [number, number, number];
  /** Latent channels of each chunk, most important first; they sum to the latent's channels. */
  readonly chunks: readonly number[];
  readonly entropyModel: EntropyModel;
}

/**
 * Compresses one chunk.
 *
 * @param symbols - `int16[k * h * w]`, all channels, channel-major.
 * @throws {@link CodecError} when a symbol is outside of its alphabet or the layout does not fit.
 */
export function compressChunk(symbols: Int16Array, layout: LatentLayout, chunk: number): Uint8Array {
  const positions = checkedPositions(layout);
  if (symbols.length !== positions * layout.entropyModel.channels.length) {
    throw new CodecError(`${symbols.length} symbols are no latent [${layout.latentShape.join(', ')}]`);
  }
  const { first, end } = chunkChannels(layout, chunk);
  const sink = createByteSink();
  const encoder = rangeCoder.createEncoder(sink);
  for (let channel = first; channel < end; channel++) {
    const table = tableOf(layout, channel);
    for (let i = channel * positions; i < (channel + 1) * positions; i++) {
      const index = symbolIndex(table, symbols[i] as number, channel);
      encoder.encode(table.starts[index] as number, table.frequencies[index] as number);
    }
  }
  encoder.finish();
  return sink.toBytes();
}

/**
 * Decompresses one chunk.
 *
 * @returns The symbols of the chunk's channels, channel-major.
 * @throws {@link WireFormatError} (byte offset within the payload) when the payload is not one that encodes such symbols.
 */
export function decompressChunk(payload: Uint8Array, layout: LatentLayout, chunk: number): Int16Array {
  const positions = checkedPositions(layout);
  const { first, end } = chunkChannels(layout, chunk);
  const symbols = new Int16Array((end - first) * positions);
  const decoder = rangeCoder.createDecoder(payload);
  for (let i = 0, channel = first; channel < end; channel++) {
    const table = tableOf(layout, channel);
    for (const stop = i + positions; i < stop; i++) {
      const index = indexOfQuantile(table, decoder.quantile());
      decoder.consume(table.starts[index] as number, table.frequencies[index] as number);
      symbols[i] = table.minSymbol + index;
    }
  }
  decoder.finish();
  return symbols;
}

/** Compresses a latent: the payload of every chunk, in order; see {@link compressChunk}. */
export function compressLatent(symbols: Int16Array, layout: LatentLayout): Uint8Array[] {
  return layout.chunks.map((_, chunk) => compressChunk(symbols, layout, chunk));
}

/**
 * Decompresses the leading chunks of a latent.
 *
 * @param payloads - Payloads of chunks 0, 1, ...; at most as many as the layout has.
 * @returns `int16[k * h * w]`; channels past the prefix are zeros.
 * @throws {@link WireFormatError} when a payload does not decode.
 */
export function decompressLatent(payloads: readonly Uint8Array[], layout: LatentLayout): Int16Array {
  const symbols = emptyLatent(layout);
  let offset = 0;
  for (const [chunk, payload] of payloads.entries()) {
    const decoded = decompressChunk(payload, layout, chunk);
    symbols.set(decoded, offset);
    offset += decoded.length;
  }
  return symbols;
}

/** Zeros in the shape of the layout's latent: the symbols of a frame of which nothing was decoded. */
export function emptyLatent(layout: LatentLayout): Int16Array {
  return new Int16Array(layout.entropyModel.channels.length * checkedPositions(layout));
}

/**
 * Upper bound of each chunk's payload in bytes, whatever the symbols: every symbol the rarest of its channel.
 * Plan a manifest's chunks so that each stays within the 2,047 bytes of a chunk on the wire.
 */
export function worstCaseChunkBytes(layout: LatentLayout): number[] {
  const positions = checkedPositions(layout);
  return layout.chunks.map((_, chunk) => {
    const { first, end } = chunkChannels(layout, chunk);
    let bits = 0;
    for (let channel = first; channel < end; channel++) {
      const rarest = tableOf(layout, channel).frequencies.reduce((a, b) => Math.min(a, b));
      // 0.003 bits: the range is cut to a multiple of 2^15 of at least 512 units, which costs at most log2(513 / 512).
      bits += positions * (Math.log2(frequencyTotal / rarest) + 0.003);
    }
    return Math.ceil(bits / 8) + 1;
  });
}

function tableOf(layout: LatentLayout, channel: number): FrequencyTable {
  const table = layout.entropyModel.channels[channel];
  if (table === undefined) throw new CodecError(`the entropy model has no latent channel ${channel}`);
  return table;
}

function chunkChannels(layout: LatentLayout, chunk: number): { first: number; end: number } {
  const size = layout.chunks[chunk];
  if (size === undefined) throw new CodecError(`chunk ${chunk} does not exist; the model has ${layout.chunks.length}`);
  const first = layout.chunks.slice(0, chunk).reduce((sum, channels) => sum + channels, 0);
  return { first, end: first + size };
}

/** Positions of a channel (h * w), after checking that shape, chunks and entropy model agree. */
function checkedPositions(layout: LatentLayout): number {
  const [channels, height, width] = layout.latentShape;
  const covered = layout.chunks.reduce((sum, size) => sum + size, 0);
  if (covered !== channels || layout.chunks.some((size) => !Number.isInteger(size) || size < 1)) {
    throw new CodecError(`chunks [${layout.chunks.join(', ')}] do not split ${channels} latent channels`);
  }
  if (layout.entropyModel.channels.length !== channels) {
    throw new CodecError(
      `the entropy model has ${layout.entropyModel.channels.length} channels, the latent ${channels}`,
    );
  }
  return height * width;
}
