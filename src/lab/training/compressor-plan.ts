/** What a recipe fixes about the compressor before it is trained: shapes and bytes. */

import { chunkHeaderBytes, frameHeaderBytes } from '../../core/wire/index.ts';
import type { CompressorShape } from '../networks/index.ts';
import type { TrainRecipe } from './recipe.ts';
import type { StepContext } from './step-context.ts';

/** Bytes of a chunk that are not information: its header, and the end of the coder, which is rounded up to whole bytes. */
const chunkOverheadBytes = chunkHeaderBytes + 1;

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

/** Bits that each chunk tells, mean over the pictures, so that frames have the sizes of the recipe. */
export function chunkBits({ frameBytes }: Pick<TrainRecipe, 'frameBytes'>): number[] {
  return frameBytes.map((end, chunk) => 8 * (end - (frameBytes[chunk - 1] ?? frameHeaderBytes) - chunkOverheadBytes));
}

/** Bits that the first so many chunks tell together; index 0 is one chunk. */
export function prefixBits(recipe: Pick<TrainRecipe, 'frameBytes'>): number[] {
  let sum = 0;
  return chunkBits(recipe).map((bits) => {
    sum += bits;
    return sum;
  });
}
