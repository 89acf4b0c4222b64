/** Frames of the right sizes without their contents: on a simulated link only sizes count, answers are looked up. */

import { chunkHeaderBytes, frameHeaderBytes, serializeFrame } from '../../../../core/wire/index.ts';

/** Model of the frames; the simulated edge asks for no other. */
export const simulatedModelId = '000000000000';

/**
 * A frame that ends after so many bytes with each chunk.
 *
 * @param chunkBytes - Bytes of the frame with its first 1, 2, ... chunks, header included.
 */
export function frameOfSizes(chunkBytes: readonly number[]): Uint8Array {
  const payloads = chunkBytes.map((end, chunk) => {
    const start = chunkBytes[chunk - 1] ?? frameHeaderBytes;
    return new Uint8Array(end - start - chunkHeaderBytes);
  });
  return serializeFrame({ modelId: simulatedModelId, payloads });
}
