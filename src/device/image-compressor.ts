/**
 * The device's half of the way: picture to frame.
 *
 *     rgb ─► device graph ─► latent ─► quantizer ─► symbols ─► entropy coder ─► frame
 *                        └─► pooled features, for the device's own classifier
 */

import { quantize } from '../core/codec/index.ts';
import type { SplitModel } from '../core/model/index.ts';
import { pickTensor, type Tensor, tensor } from '../core/tensor/index.ts';
import { encodeFrame, parseFrameHeader } from '../core/wire/index.ts';
import type { Runtime } from '../runtime/session.ts';

/** A picture, resized and cropped as the model's manifest says. */
export interface DeviceImage {
  /** `uint8[crop, crop, 3]`, red first. */
  readonly rgb: Uint8Array;
}

/** What is left of a picture. */
export interface CompressedImage {
  readonly frame: Uint8Array;
  /** Chunks in the frame. */
  readonly chunks: number;
  /** Pooled features, `float32[1, C]`: the input of the fallback classifier. */
  readonly pooled: Tensor<'float32'>;
}

/** What the device graph makes of a picture. */
export interface AnalysedImage {
  /** Quantized latent, `int16[k * h * w]`. */
  readonly symbols: Int16Array;
  /** Pooled features, `float32[1, C]`: the input of the fallback classifier. */
  readonly pooled: Tensor<'float32'>;
}

/** How to compress one image. */
export interface CompressOptions {
  /** Most bytes of a frame; 1,200 when left out. Trailing chunks are left out to keep it. */
  readonly maxBytes?: number;
}

/** Compresses pictures to frames: `compress` is `analyse`, then `pack`. */
export interface ImageCompressor extends AsyncDisposable {
  /**
   * Runs the device graph on one picture.
   *
   * @throws {@link RangeError} when the picture is not of the size that the model takes.
   */
  analyse(image: DeviceImage): Promise<AnalysedImage>;
  /**
   * Packs an analysed picture into a frame.
   *
   * @throws {@link CodecError} when not even the first chunk fits `maxBytes`.
   */
  pack(image: AnalysedImage, options?: CompressOptions): CompressedImage;
  /**
   * Compresses one picture.
   *
   * @throws {@link RangeError} when the picture is not of the size that the model takes.
   * @throws {@link CodecError} when not even the first chunk fits `maxBytes`.
   */
  compress(image: DeviceImage, options?: CompressOptions): Promise<CompressedImage>;
  close(): Promise<void>;
}

/** Loads the device graph of a split model. */
export async function createImageCompressor(model: SplitModel, runtime: Runtime): Promise<ImageCompressor> {
  const { crop } = model.manifest.preprocessing;
  const session = await runtime.createSession(await model.readGraph('device'));

  async function analyse({ rgb }: DeviceImage): Promise<AnalysedImage> {
    if (rgb.length !== crop * crop * 3) {
      throw new RangeError(`image.rgb must hold ${crop} x ${crop} x 3 bytes, got ${rgb.length}`);
    }
    const outputs = await session.run({ image: tensor('uint8', [1, crop, crop, 3], rgb) }, ['latent', 'pooled']);
    const symbols = quantize(pickTensor(outputs, 'latent', 'float32').data, model.entropyModel);
    return { symbols, pooled: pickTensor(outputs, 'pooled', 'float32') };
  }

  function pack({ symbols, pooled }: AnalysedImage, options: CompressOptions = {}): CompressedImage {
    const frame = encodeFrame(symbols, model.layout, options);
    return { frame, chunks: parseFrameHeader(frame).chunksAnnounced, pooled };
  }

  return {
    analyse,
    pack,
    compress: async (image, options) => pack(await analyse(image), options),
    close: () => session.close(),
    [Symbol.asyncDispose]: () => session.close(),
  };
}
