/**
 * The device: a picture in, an answer out, from the edge when it answers and from the device's own classifier when not.
 *
 * Browser-safe: runtime, transport and clock are injected. The fallback runs while the frame is under way, so it is ready
 * the moment the edge is given up.
 */

import { AecnnError, CodecError, TransportError } from '../core/errors.ts';
import { type RankedLabel, type SplitModel, topLabels } from '../core/model/index.ts';
import { pickTensor } from '../core/tensor/index.ts';
import type { InferAnswer } from '../core/wire/index.ts';
import type { Runtime, Session } from '../runtime/session.ts';
import {
  type AnalysedImage,
  type CompressedImage,
  type CompressOptions,
  createImageCompressor,
  type DeviceImage,
  type ImageCompressor,
} from './image-compressor.ts';
import { requireTimeout, type Transport } from './transport/transport.ts';

/** Options of {@link createDevice}. */
export interface DeviceOptions {
  readonly model: SplitModel;
  readonly runtime: Runtime;
  /** Way to the edge; without one the device always answers itself. Closing the device leaves it open. */
  readonly transport?: Transport;
  /** How long to wait for the edge, unless a deadline comes first; 10 s when left out, at most {@link maxTimeoutMs}. */
  readonly timeoutMs?: number;
  /** Clock in milliseconds; `performance.now` when left out. */
  readonly now?: () => number;
}

/** Default of {@link DeviceOptions.timeoutMs}. */
export const defaultTimeoutMs = 10_000;

/** How to infer one image. */
export interface InferOptions extends CompressOptions {
  /** The edge is given up so many milliseconds after the call, and the device answers. */
  readonly deadlineMs?: number;
}

/** An answer, and how it came about. */
export interface DeviceAnswer {
  /** Likeliest labels first. */
  readonly top: readonly RankedLabel[];
  readonly via: 'edge' | 'device';
  /** Bytes of the frame that was sent, or was to be sent; 0 when not even its first chunk fits `maxBytes`. */
  readonly frameBytes: number;
  /** Chunks that the answer rests on (none for the device's own), of those in the frame. */
  readonly chunks: { readonly decoded: number; readonly of: number };
  /**
   * Where the time went; the parts sum to `total`. `edge` is what the edge reports, `link` what is left of the wait for
   * it: both ends' clocks are only ever subtracted from themselves.
   */
  readonly timeMs: { readonly device: number; readonly link: number; readonly edge: number; readonly total: number };
  /** What the edge said about a damaged frame. */
  readonly warning?: string;
  /**
   * Why the edge did not answer: it failed, or the frame does not fit `maxBytes` (a {@link CodecError}). Absent when it
   * did answer, and when it was not asked for want of a transport or of time.
   */
  readonly edgeError?: AecnnError;
}

/** A device, ready to infer. */
export interface Device extends AsyncDisposable {
  /**
   * Infers one image. An edge that cannot be reached, refuses or is late is no error: the device answers. So it does
   * when not even the first chunk fits `maxBytes`.
   *
   * @throws {@link RangeError} when the picture is not of the size that the model takes.
   */
  infer(image: DeviceImage, options?: InferOptions): Promise<DeviceAnswer>;
  /**
   * Compresses one image to a frame and sends nothing.
   *
   * @throws {@link RangeError} when the picture is not of the size that the model takes.
   * @throws {@link CodecError} when not even the first chunk fits `maxBytes`.
   */
  compress(image: DeviceImage, options?: CompressOptions): Promise<CompressedImage>;
  close(): Promise<void>;
}

/**
 * Loads the device's graphs of a split model.
 *
 * @throws {@link RangeError} when `timeoutMs` is not from 0 to {@link maxTimeoutMs}.
 */
export async function createDevice(options: DeviceOptions): Promise<Device> {
  const { model, runtime, transport, timeoutMs = defaultTimeoutMs, now = () => performance.now() } = options;
  requireTimeout('timeoutMs', timeoutMs);
  const compressor = await createImageCompressor(model, runtime);
  const fallback = await loadFallback(model, runtime).catch(async (error: unknown) => {
    // The failure to load is what the caller must hear, even when closing fails too.
    await compressor.close().catch(() => undefined);
    throw error;
  });

  async function answerAlone({ pooled }: AnalysedImage): Promise<RankedLabel[]> {
    const outputs = await fallback.run({ pooled }, ['logits']);
    return topLabels(pickTensor(outputs, 'logits', 'float32').data, model.manifest.classes);
  }

  /** The edge's answer, the reason why there is none, or nothing when there is no edge or no time. */
  async function askEdge(
    frame: Uint8Array,
    remainingMs: number | undefined,
  ): Promise<InferAnswer | AecnnError | undefined> {
    if (transport === undefined || (remainingMs !== undefined && remainingMs <= 0)) return undefined;
    try {
      const request = remainingMs === undefined ? { frame } : { frame, remainingMs };
      const response = await transport.send(request, { timeoutMs: Math.min(timeoutMs, remainingMs ?? timeoutMs) });
      if (response.ok) return response;
      return new TransportError(`the edge refused the frame (${response.error.code}): ${response.error.message}`);
    } catch (error) {
      if (error instanceof AecnnError) return error;
      throw error;
    }
  }

  async function infer(image: DeviceImage, inferOptions: InferOptions = {}): Promise<DeviceAnswer> {
    const { deadlineMs, ...compressOptions } = inferOptions;
    const startMs = now();
    const analysed = await compressor.analyse(image);
    const packed = packOrReason(compressor, analysed, compressOptions);
    const { frameBytes, chunks } =
      packed instanceof CodecError
        ? { frameBytes: 0, chunks: 0 }
        : { frameBytes: packed.frame.length, chunks: packed.chunks };
    const readyMs = now();
    const remainingMs = deadlineMs === undefined ? undefined : deadlineMs - (readyMs - startMs);
    const asked = packed instanceof CodecError ? packed : askEdge(packed.frame, remainingMs);
    const alone = answerAlone(analysed);
    // Awaited below only when it is needed; a failure must not go unhandled meanwhile.
    alone.catch(() => undefined);
    const reply = await asked;
    const answeredMs = now();

    if (reply !== undefined && !(reply instanceof AecnnError)) {
      const device = readyMs - startMs;
      const edge = Math.max(0, Math.min(reply.timeMs.total, answeredMs - readyMs));
      return {
        top: reply.top,
        via: 'edge',
        frameBytes,
        chunks: reply.chunks,
        timeMs: { device, link: answeredMs - readyMs - edge, edge, total: answeredMs - startMs },
        ...(reply.warning !== undefined && { warning: reply.warning }),
      };
    }
    const top = await alone;
    const total = now() - startMs;
    const link = transport === undefined || packed instanceof CodecError ? 0 : answeredMs - readyMs;
    return {
      top,
      via: 'device',
      frameBytes,
      chunks: { decoded: 0, of: chunks },
      timeMs: { device: total - link, link, edge: 0, total },
      ...(reply && { edgeError: reply }),
    };
  }

  async function close(): Promise<void> {
    await Promise.all([compressor.close(), fallback.close()]);
  }

  return {
    infer,
    compress: (image, compressOptions) => compressor.compress(image, compressOptions),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function loadFallback(model: SplitModel, runtime: Runtime): Promise<Session> {
  return runtime.createSession(await model.readGraph('fallback'), { threads: 1 });
}

/** The frame, or why there can be none within `maxBytes`. */
function packOrReason(
  compressor: ImageCompressor,
  analysed: AnalysedImage,
  options: CompressOptions,
): CompressedImage | CodecError {
  try {
    return compressor.pack(analysed, options);
  } catch (error) {
    if (error instanceof CodecError) return error;
    throw error;
  }
}
