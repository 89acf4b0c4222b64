/** How large AECNN's compressor is at each split point for each size of frame. */

import type { SplitPoint } from '../../../../core/model/index.ts';
import { frameEnds, type TrainRecipe } from '../../../training/index.ts';
import type { ByteSize, FrameSize } from '../paper-result.ts';
import { budgetBytes } from '../protocol.ts';

/**
 * Latent channels: about one for each three or four bits of a position, so that the learned gains can spread the bits;
 * more at conv5_x, where the tail is linear and cannot make good what the latent leaves out.
 */
const latentChannels: { readonly [Split in SplitPoint]: Readonly<Record<Exclude<FrameSize, ByteSize>, number>> } = {
  conv2_x: { '256x': 512, packet: 96 },
  conv3_x: { '256x': 256, packet: 96 },
  conv4_x: { '256x': 128, packet: 64 },
  conv5_x: { '256x': 128, packet: 128 },
};

/** The same for frames of so many bytes, whatever the split point. */
const latentChannelsOfBytes: Readonly<Record<ByteSize, number>> = { '2000': 96, '1000': 64, '500': 48, '250': 32 };

const isByteSize = (size: FrameSize): size is ByteSize => size in latentChannelsOfBytes;

/**
 * Share of the budget that whole frames are trained for, on average. With one packet the largest frame must fit: those that
 * would not leave out their last chunk.
 */
const aimedShare = (size: FrameSize): number => (size === 'packet' ? 0.95 : 0.97);

/** Most mean bytes of a chunk in training, which needs no more than the size of whole frames. */
const mostTrainedChunkBytes = 1200;

/**
 * The same when frames are sent. Of the first chunk some pictures need twice the mean, and the wire carries 2,047. At conv2_x, where
 * pictures differ most, one needed 1,263 of a mean of 652: more than a packet, which must hold the first chunk of any picture.
 */
const mostSentChunkBytes = (split: SplitPoint, size: FrameSize): number =>
  split === 'conv2_x' && size === 'packet' ? 500 : 1000;

/** What a recipe must say for frames of this size at this split point. */
export function compressorSize(
  split: SplitPoint,
  size: FrameSize,
): Pick<TrainRecipe, 'latentChannels' | 'frameBytes' | 'progressive'> & Partial<Pick<TrainRecipe, 'ranking'>> {
  const bytes = aimedShare(size) * budgetBytes(split, size);
  return {
    // In front of a linear tail nearly all gates stay open and rank nothing.
    ...(split === 'conv5_x' ? { ranking: 'taylor' } : {}),
    latentChannels: isByteSize(size) ? latentChannelsOfBytes[size] : latentChannels[split][size],
    frameBytes: size === 'packet' ? frameEnds(bytes, false) : evenEnds(0, bytes, mostTrainedChunkBytes),
    progressive: false,
  };
}

/** The mean bytes after each chunk that frames are sent with: those that were trained for, with large chunks divided. */
export function sentEnds(split: SplitPoint, size: FrameSize, frameBytes: readonly number[]): number[] {
  const most = mostSentChunkBytes(split, size);
  return frameBytes.flatMap((end, chunk) => evenEnds(frameBytes[chunk - 1] ?? 0, end, most));
}

/** Mean bytes after each of as few chunks as can be. */
function evenEnds(from: number, to: number, mostChunkBytes: number): number[] {
  const chunks = Math.ceil((to - from) / mostChunkBytes);
  return Array.from({ length: chunks }, (_, i) => Math.round(from + ((i + 1) / chunks) * (to - from)));
}
