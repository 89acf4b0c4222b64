/**
 * The device: a picture in, an answer out, from the edge when it answers in time and from the device's own classifier when
 * not.
 *
 * Browser-safe: runtime, transport and clock are injected. The device's own answer is computed while the frame is under way,
 * so it is ready the moment the edge is given up. With a deadline, `offload.ts` decides what is sent.
 */

import type { Clock } from '../core/clock.ts';
import { AecnnError, CodecError, DeadlineError, TransportError } from '../core/errors.ts';
import type { LinkEstimate } from '../core/link/index.ts';
import { type RankedLabel, type SplitModel, topLabels } from '../core/model/index.ts';
import { pickTensor } from '../core/tensor/index.ts';
import { splitFrame } from '../core/wire/index.ts';
import type { Runtime, Session } from '../runtime/session.ts';
import { answerValue } from './answer-value.ts';
import { systemClock } from './clock.ts';
import {
  type AnalysedImage,
  type CompressedImage,
  type CompressOptions,
  createImageCompressor,
  type DeviceImage,
  type ImageCompressor,
} from './image-compressor.ts';
import { createOffloader, type Offloaded } from './offload.ts';
import { requireTimeout, type Transport } from './transport/transport.ts';

/** Options of {@link createDevice}. */
export interface DeviceOptions {
  readonly model: SplitModel;
  readonly runtime: Runtime;
  /** Way to the edge; without one the device always answers itself. Closing the device leaves it open. */
  readonly transport?: Transport;
  /** How long to wait for the edge when there is no deadline; 10 s when left out, at most {@link maxTimeoutMs}. */
  readonly timeoutMs?: number;
  /** The machine's own when left out. */
  readonly clock?: Clock;
}

/** Default of {@link DeviceOptions.timeoutMs}. */
export const defaultTimeoutMs = 10_000;

/** How to infer one image. */
export interface InferOptions extends CompressOptions {
  /** The answer must be there so many milliseconds after the call. */
  readonly deadlineMs?: number;
  /** The edge is not asked when the device's own answer has at least this calibrated probability; always asked when left out. */
  readonly skipAbove?: number;
  /** `false`: the device answers by itself. */
  readonly offload?: boolean;
}

/** An answer, and how it came about. */
export interface DeviceAnswer {
  /** Likeliest labels first. */
  readonly top: readonly RankedLabel[];
  /** `edge-prefix`: from the chunks that had arrived when the answer had to leave the edge. */
  readonly via: 'edge' | 'edge-prefix' | 'device';
  /** Whether the answer was there by its deadline; always so without one. */
  readonly inTime: boolean;
  /** Bytes of the frame that was sent, or was to be sent; 0 when nothing was. */
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
   * Why the edge did not answer: it failed or was late, or the frame does not fit `maxBytes` (a {@link CodecError}). Absent
   * when it did answer, and when it was not asked.
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
   * @throws {@link DeadlineError} at once, when the device alone needs longer than the deadline; it names the shortest one.
   */
  infer(image: DeviceImage, options?: InferOptions): Promise<DeviceAnswer>;
  /**
   * Compresses one image to a frame and sends nothing.
   *
   * @throws {@link RangeError} when the picture is not of the size that the model takes.
   * @throws {@link CodecError} when not even the first chunk fits `maxBytes`.
   */
  compress(image: DeviceImage, options?: CompressOptions): Promise<CompressedImage>;
  /** Shortest deadline that the device can meet by itself, in ms: what it has needed lately, waiting for its turn included. */
  shortestDeadlineMs(): number;
  /** What the device has learned of its link; absent without a transport. */
  linkEstimate(): LinkEstimate | undefined;
  close(): Promise<void>;
}

/** Left between the device's answer and its deadline, in ms: timers fire late. */
export const answerMarginMs = 3;
/** Weight of the newest measurement of the device's own time. */
const newestWeight = 0.2;

/**
 * Loads the device's graphs of a split model, and infers an empty picture twice: the first run of a graph is slow, the second
 * says what the device needs.
 *
 * @throws {@link RangeError} when `timeoutMs` is not from 0 to {@link maxTimeoutMs}.
 */
export async function createDevice(options: DeviceOptions): Promise<Device> {
  const { model, runtime, transport, timeoutMs = defaultTimeoutMs, clock = systemClock } = options;
  requireTimeout('timeoutMs', timeoutMs);
  const compressor = await createImageCompressor(model, runtime);
  const fallback = await loadFallback(model, runtime).catch(async (error: unknown) => {
    // The failure to load is what the caller must hear, even when closing fails too.
    await compressor.close().catch(() => undefined);
    throw error;
  });
  const offloader = transport && createOffloader({ transport, clock });
  /** What analysing and answering alone take, in ms, as it was measured. */
  let ownMs = 0;
  let underWay = 0;

  async function answerAlone({ pooled }: AnalysedImage): Promise<RankedLabel[]> {
    const outputs = await fallback.run({ pooled }, ['logits']);
    return topLabels(pickTensor(outputs, 'logits', 'float32').data, model.manifest.classes);
  }

  /** Analyses and packs one picture; its `alone`, called once, gives the device's own answer. */
  async function work(image: DeviceImage, compressOptions: CompressOptions) {
    const startMs = clock.now();
    const isUndisturbed = underWay++ === 0;
    try {
      const analysed = await compressor.analyse(image);
      const packed = packOrReason(compressor, analysed, compressOptions);
      const alone = async (): Promise<RankedLabel[]> => {
        const top = await answerAlone(analysed);
        // Pictures that waited for each other say nothing of what one needs.
        if (isUndisturbed) learnOwn(clock.now() - startMs);
        return top;
      };
      return { packed, alone };
    } finally {
      underWay--;
    }
  }

  function learnOwn(measuredMs: number): void {
    ownMs += (ownMs === 0 ? 1 : newestWeight) * (measuredMs - ownMs);
  }

  async function warmUp(): Promise<void> {
    const { crop } = model.manifest.preprocessing;
    for (let run = 0; run < 2; run++) {
      ownMs = 0;
      const { alone } = await work({ rgb: new Uint8Array(crop * crop * 3) }, { maxBytes: Number.POSITIVE_INFINITY });
      await alone();
    }
  }

  /** The edge's answer to a frame without a deadline. */
  async function askWithoutDeadline(frame: Uint8Array): Promise<Pick<Offloaded, 'answer' | 'reason'>> {
    if (transport === undefined) return {};
    try {
      const response = await transport.send({ frame }, { timeoutMs });
      if (response.ok) return { answer: response };
      const { code, message } = response.error;
      return { reason: new TransportError(`the edge refused the frame (${code}): ${message}`) };
    } catch (error) {
      if (error instanceof AecnnError) return { reason: error };
      throw error;
    }
  }

  /** What of a frame goes to the edge, and what comes back. */
  async function ask(
    packed: CompressedImage | CodecError,
    isSkipped: boolean,
    answerByMs: number | undefined,
  ): Promise<Offloaded> {
    if (packed instanceof CodecError) return { isPrefix: false, chunks: 0, frameBytes: 0, reason: packed };
    const { frame, chunks } = packed;
    const whole = { isPrefix: false, chunks, frameBytes: frame.length };
    if (isSkipped || offloader === undefined) return whole;
    if (answerByMs === undefined) return { ...whole, ...(await askWithoutDeadline(frame)) };
    const ends = splitFrame(frame).map((_, i, parts) => parts.slice(0, i + 1).reduce((sum, p) => sum + p.length, 0));
    return offloader.offload({ frame, value: answerValue(model.manifest, ends), answerByMs });
  }

  async function infer(image: DeviceImage, inferOptions: InferOptions = {}): Promise<DeviceAnswer> {
    const { deadlineMs, skipAbove, offload = true, ...compressOptions } = inferOptions;
    const startMs = clock.now();
    if (deadlineMs !== undefined && deadlineMs < shortestDeadlineMs()) {
      const shortest = Math.ceil(shortestDeadlineMs());
      throw new DeadlineError(
        `a deadline of ${deadlineMs} ms is too short: this device needs ${shortest} ms by itself`,
      );
    }
    const { packed, alone } = await work(image, compressOptions);
    const readyMs = clock.now();
    const surely = skipAbove === undefined ? undefined : await alone();
    const isSkipped = !offload || (surely?.[0]?.probability ?? 0) >= (skipAbove ?? Number.POSITIVE_INFINITY);
    const answerByMs = deadlineMs === undefined ? undefined : startMs + deadlineMs - answerMarginMs;
    const asking = ask(packed, isSkipped, answerByMs);
    // The frame goes first. Awaited only when it is needed; a failure must not go unhandled meanwhile.
    const own = surely === undefined ? alone() : Promise.resolve(surely);
    own.catch(() => undefined);
    const asked = await asking;
    const answeredMs = clock.now();
    const inTime = (): boolean => deadlineMs === undefined || clock.now() - startMs <= deadlineMs;
    const { answer, isPrefix, frameBytes, reason } = asked;
    if (answer !== undefined) {
      const device = readyMs - startMs;
      const edge = Math.max(0, Math.min(answer.timeMs.total, answeredMs - readyMs));
      return {
        top: answer.top,
        via: isPrefix ? 'edge-prefix' : 'edge',
        inTime: inTime(),
        frameBytes,
        chunks: answer.chunks,
        timeMs: { device, link: answeredMs - readyMs - edge, edge, total: answeredMs - startMs },
        ...(answer.warning !== undefined && !isPrefix && { warning: answer.warning }),
      };
    }
    const top = await own;
    const total = clock.now() - startMs;
    const link = transport === undefined || packed instanceof CodecError ? 0 : answeredMs - readyMs;
    return {
      top,
      via: 'device',
      inTime: inTime(),
      frameBytes,
      chunks: { decoded: 0, of: asked.chunks },
      timeMs: { device: total - link, link, edge: 0, total },
      ...(reason && { edgeError: reason }),
    };
  }

  const shortestDeadlineMs = (): number => ownMs * (underWay + 1) + answerMarginMs;

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
    infer,
    compress: (image, compressOptions) => compressor.compress(image, compressOptions),
    shortestDeadlineMs,
    linkEstimate: () => offloader?.estimate(),
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
