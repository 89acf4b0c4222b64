/** What a recipe fixes about the compressor before it is trained: shapes, chunks, bytes. */

import { chunkHeaderBytes, frameHeaderBytes } from '../../core/wire/index.ts';
import type { CompressorShape } from '../networks/index.ts';
import type { StepContext } from './step-context.ts';

/** Bytes of a frame that are not payload: header and chunk headers, and the coder's last byte. */
const frameOverheadBytes = (chunks: number): number => frameHeaderBytes + chunks * (chunkHeaderBytes + 1);

/** Latent channels of each chunk: 16, which keeps every chunk under its limit at any bits. */
export function chunkPlan(latentChannels: number): number[] {
  const size = 16;
  return Array.from({ length: Math.ceil(latentChannels / size) }, (_, i) => Math.min(size, latentChannels - i * size));
}

/** Shape of the compressor that a recipe asks for. */
export function compressorShape(context: StepContext, channelOrder: readonly number[]): CompressorShape {
  const { recipe, set } = context;
  const [channels = 0, height = 0, width = 0] = set.features.mapShape;
  return {
    featureShape: [channels, height, width],
    selectedChannels: channelOrder.slice(0, recipe.selectedChannels),
    latentChannels: recipe.latentChannels,
    decoderWidth: recipe.decoderWidth,
  };
}

/** Payload bits a picture that a recipe aims at. */
export const targetBits = ({ recipe }: StepContext): number =>
  8 * (recipe.frameBytes - frameOverheadBytes(chunkPlan(recipe.latentChannels).length));
