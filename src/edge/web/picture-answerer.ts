/**
 * A picture that was sent as such, answered by both halves of a split model on the edge: what offloading is compared with.
 *
 *     picture file ─► pixels ─► device graph ─► symbols, all of them ─► the edge's own way of a frame
 */

import { quantize } from '../../core/codec/index.ts';
import { ImageError } from '../../core/errors.ts';
import type { RankedLabel } from '../../core/model/index.ts';
import { pickTensor, tensor } from '../../core/tensor/index.ts';
import { encodeFrame } from '../../core/wire/index.ts';
import { decodeFullPicture } from '../../runtime/picture.ts';
import type { Runtime } from '../../runtime/session.ts';
import type { FrameAnswerer } from '../edge-model.ts';

/** What the edge says to a picture. */
export interface PictureAnswer {
  /** Likeliest labels first. */
  readonly top: readonly RankedLabel[];
  /** From the arrival of the file to the answer, in ms. */
  readonly timeMs: number;
}

/** Answers pictures with one model. */
export interface PictureAnswerer {
  /**
   * Answers a picture file of the size that the network reads.
   *
   * @throws {@link ImageError} when it is none, or of another size.
   */
  infer(file: Uint8Array): Promise<PictureAnswer>;
  close(): Promise<void>;
}

/** Loads the device graph of the model that an edge answers with. */
export async function createPictureAnswerer(answerer: FrameAnswerer, runtime: Runtime): Promise<PictureAnswerer> {
  const { model } = answerer;
  const { crop } = model.manifest.preprocessing;
  const session = await runtime.createSession(await model.readGraph('device'));

  async function infer(file: Uint8Array): Promise<PictureAnswer> {
    const startMs = performance.now();
    const { rgb, width, height } = await decodeFullPicture(file, 'the picture', crop * crop);
    if (width !== crop || height !== crop) {
      throw new ImageError(`the picture has ${width} x ${height} pixels: send ${crop} x ${crop}`);
    }
    const outputs = await session.run({ image: tensor('uint8', [1, crop, crop, 3], rgb) }, ['latent']);
    const symbols = quantize(pickTensor(outputs, 'latent', 'float32').data, model.entropyModel);
    const frame = encodeFrame(symbols, model.layout, { maxBytes: Number.POSITIVE_INFINITY });
    const { top } = await answerer.infer({ requestId: 0, frame });
    return { top, timeMs: performance.now() - startMs };
  }
  return { infer, close: () => session.close() };
}
