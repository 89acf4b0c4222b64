/**
 * What the device itself does with a picture, and how long that takes: analysing and packing it, and the device's own answer.
 *
 * The twist: the own time is learned only from pictures that nothing else disturbed. Those that waited for each other say how
 * busy the device was, not what it needs.
 */

import type { Clock } from '../core/clock.ts';
import { CodecError } from '../core/errors.ts';
import { type RankedLabel, type SplitModel, topLabels } from '../core/model/index.ts';
import { pickTensor } from '../core/tensor/index.ts';
import type { Runtime } from '../runtime/session.ts';
import {
  type AnalysedImage,
  type CompressedImage,
  type CompressOptions,
  createImageCompressor,
  type DeviceImage,
} from './image-compressor.ts';

/** Weight of the newest measurement of the own time. */
const newestWeight = 0.2;
/** By how much each refusal brings the expectation nearer to the shortest time that was ever measured. */
const forgottenShare = 0.2;

/** A picture that the device is done with, but for its own answer. */
export interface WorkedImage {
  /** The frame, or why there can be none within the limit. */
  readonly packed: CompressedImage | CodecError;
  /** Computes the device's own answer, likeliest label first; called once. */
  readonly answer: () => Promise<RankedLabel[]>;
}

/** The device's graphs at work. */
export interface DeviceWork extends AsyncDisposable {
  /** @throws {@link RangeError} when the picture is not of the size that the model takes. */
  begin(image: DeviceImage, options: CompressOptions): Promise<WorkedImage>;
  /** @throws as {@link begin} does, and {@link CodecError} when not even the first chunk fits. */
  compress(image: DeviceImage, options?: CompressOptions): Promise<CompressedImage>;
  /** What a picture that came now would take to the device's own answer, those before it included, in ms. */
  expectedMs(): number;
  /** A picture was refused for want of time: the slow ones that the expectation rests on may have been a hiccup. */
  refused(): void;
  close(): Promise<void>;
}

/**
 * Loads the graphs and works on an empty picture twice: the first run of a graph is slow, the second says what the device
 * needs.
 */
export async function createDeviceWork(model: SplitModel, runtime: Runtime, clock: Clock): Promise<DeviceWork> {
  const compressor = await createImageCompressor(model, runtime);
  const fallback = await loadFallback(model, runtime).catch(async (error: unknown) => {
    // The failure to load is what the caller must hear, even when closing fails too.
    await compressor.close().catch(() => undefined);
    throw error;
  });
  let ownMs = 0;
  let shortestMs = Number.POSITIVE_INFINITY;
  let underWay = 0;
  let begun = 0;

  async function begin(image: DeviceImage, options: CompressOptions): Promise<WorkedImage> {
    const startMs = clock.now();
    const isAlone = underWay++ === 0;
    const number = ++begun;
    try {
      const analysed = await compressor.analyse(image);
      const packed = packOrReason(analysed, options);
      return {
        packed,
        async answer() {
          const outputs = await fallback.run({ pooled: analysed.pooled }, ['logits']);
          if (isAlone && begun === number) learn(clock.now() - startMs);
          return topLabels(pickTensor(outputs, 'logits', 'float32').data, model.manifest.classes);
        },
      };
    } finally {
      underWay--;
    }
  }

  function packOrReason(analysed: AnalysedImage, options: CompressOptions): CompressedImage | CodecError {
    try {
      return compressor.pack(analysed, options);
    } catch (error) {
      if (error instanceof CodecError) return error;
      throw error;
    }
  }

  function learn(measuredMs: number): void {
    ownMs += (ownMs === 0 ? 1 : newestWeight) * (measuredMs - ownMs);
    shortestMs = Math.min(shortestMs, measuredMs);
  }

  async function warmUp(): Promise<void> {
    const { crop } = model.manifest.preprocessing;
    for (let run = 0; run < 2; run++) {
      ownMs = 0;
      shortestMs = Number.POSITIVE_INFINITY;
      const { answer } = await begin({ rgb: new Uint8Array(crop * crop * 3) }, { maxBytes: Number.POSITIVE_INFINITY });
      await answer();
    }
  }

  async function close(): Promise<void> {
    await Promise.all([compressor.close(), fallback.close()]);
  }

  try {
    await warmUp();
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
  return {
    begin,
    compress: (image, options) => compressor.compress(image, options),
    expectedMs: () => ownMs * (underWay + 1),
    refused() {
      ownMs += forgottenShare * (shortestMs - ownMs);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

const loadFallback = async (model: SplitModel, runtime: Runtime) =>
  runtime.createSession(await model.readGraph('fallback'), { threads: 1 });
