/**
 * Bytes of a latent as frames of our own wire format with our own entropy coder: what a baseline that sends raw bytes would
 * gain by it. Lossless, whatever the bytes: every table covers all 256 of them.
 */

import { channelPlan, createSymbolHistogram, fitEntropyModel } from '../../../../core/codec/index.ts';
import { CodecError } from '../../../../core/errors.ts';
import { elementCount } from '../../../../core/tensor/index.ts';
import { decodeFrame, encodeFrame, type FrameModel } from '../../../../core/wire/index.ts';

/** Most channels of a chunk. */
const mostChannels = 16;

/** Least frequent symbols cost 15 bits, and a chunk on the wire has at most 2,047 bytes: so many symbols always fit. */
const safeSymbols = Math.floor((8 * 2046) / 15.01);

/** Symbols are signed: byte 0 is symbol -128. */
const byteOffset = 128;

/** Channels of each chunk of a latent `[k, h, w]`. */
export function byteChunks([channels, height, width]: readonly [number, number, number]): number[] {
  const most = Math.max(1, Math.min(mostChannels, Math.floor(safeSymbols / (height * width))));
  return Array.from({ length: Math.ceil(channels / most) }, (_, i) => Math.min(most, channels - i * most));
}

/** Fits the entropy coder to the bytes of the training part, each `uint8[k h w]`. */
export function byteFrameModel(
  latentShape: readonly [number, number, number],
  training: readonly Uint8Array[],
): FrameModel {
  const counted = createSymbolHistogram(latentShape, 'channel');
  for (const levels of training) counted.add(symbolsOf(levels));
  // Bytes that were never seen count as seen no time, so that the alphabet holds them: it reaches from least to most.
  const counts = counted.counts.map(
    (ofChannel) => new Map([[-byteOffset, 0] as const, [byteOffset - 1, 0] as const, ...ofChannel]),
  );
  return {
    modelId: '000000000000',
    latentShape,
    plan: channelPlan(latentShape, byteChunks(latentShape)),
    entropyModel: fitEntropyModel({ ...counted, counts }, { marginSymbols: 0 }),
  };
}

/**
 * Bytes of the whole frame of each latent.
 *
 * @throws {@link CodecError} when a frame does not decode to what was sent.
 */
export function frameSizes(levels: readonly Uint8Array[], model: FrameModel): number[] {
  return levels.map((sent, i) => {
    const symbols = symbolsOf(sent);
    const frame = encodeFrame(symbols, model, { maxBytes: Number.POSITIVE_INFINITY });
    const { symbols: received } = decodeFrame(frame, model);
    if (received.length !== elementCount(model.latentShape) || received.some((symbol, j) => symbol !== symbols[j])) {
      throw new CodecError(`frame ${i} does not decode to the ${symbols.length} bytes that were sent`);
    }
    return frame.length;
  });
}

const symbolsOf = (levels: Uint8Array): Int16Array => Int16Array.from(levels, (level) => level - byteOffset);
