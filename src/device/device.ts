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
import type { RankedLabel, SplitModel } from '../core/model/index.ts';
import { type InferAnswer, splitFrame } from '../core/wire/index.ts';
import type { Runtime } from '../runtime/session.ts';
import { prefersEdge } from './answer-choice.ts';
import { answerValue } from './answer-value.ts';
import { systemClock } from './clock.ts';
import { createDeviceWork } from './device-work.ts';
import type { CompressedImage, CompressOptions, DeviceImage } from './image-compressor.ts';
import { inTime } from './in-time.ts';
import { createOffloader, type Offloaded } from './offload.ts';
import type { AnswerValue } from './send-plan.ts';
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
  /**
   * `edge-prefix`: from the chunks that had arrived when the answer had to leave the edge. `device`: the edge gave no answer in
   * time, or one that the device knew better than (see `answer-choice.ts`).
   */
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
   * @throws {@link RangeError} when the picture is not of the size that the model takes, or an option is out of its range.
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
export const answerMarginMs = 5;

/** What came of asking the edge, or of not asking it. */
type Asked = Offloaded & {
  /** What its answer and the device's own are worth; absent when the edge was not asked. */
  readonly value?: AnswerValue;
};

/**
 * Loads the device's graphs of a split model and tries them on an empty picture.
 *
 * @throws {@link RangeError} when `timeoutMs` is not from 0 to {@link maxTimeoutMs}.
 */
export async function createDevice(options: DeviceOptions): Promise<Device> {
  const { model, runtime, transport, timeoutMs = defaultTimeoutMs, clock = systemClock } = options;
  requireTimeout('timeoutMs', timeoutMs);
  const work = await createDeviceWork(model, runtime, clock);
  const offloader = transport && createOffloader({ transport, clock });
  const shortestDeadlineMs = (): number => work.expectedMs() + answerMarginMs;

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
  ): Promise<Asked> {
    if (packed instanceof CodecError) return { isPrefix: false, chunks: 0, frameBytes: 0, reason: packed };
    const { frame, chunks } = packed;
    const whole = { isPrefix: false, chunks, frameBytes: frame.length };
    if (isSkipped || offloader === undefined) return whole;
    const ends = splitFrame(frame).map((_, i, parts) => parts.slice(0, i + 1).reduce((sum, p) => sum + p.length, 0));
    const value = answerValue(model.manifest, ends);
    if (answerByMs === undefined) return { ...whole, value, ...(await askWithoutDeadline(frame)) };
    return { value, ...(await offloader.offload({ frame, value, answerByMs })) };
  }

  async function infer(image: DeviceImage, inferOptions: InferOptions = {}): Promise<DeviceAnswer> {
    const { deadlineMs, skipAbove, offload = true, ...compressOptions } = inferOptions;
    if (deadlineMs !== undefined) requireTimeout('deadlineMs', deadlineMs);
    if (skipAbove !== undefined && !(skipAbove >= 0 && skipAbove <= 1)) {
      throw new RangeError(`skipAbove must be 0 to 1, got ${skipAbove}`);
    }
    const startMs = clock.now();
    if (deadlineMs !== undefined && deadlineMs < shortestDeadlineMs()) {
      const shortest = Math.ceil(shortestDeadlineMs());
      work.refused();
      throw new DeadlineError(
        `a deadline of ${deadlineMs} ms is too short: this device needs ${shortest} ms by itself`,
      );
    }
    const worked = await work.begin(image, compressOptions);
    const first = skipAbove === undefined ? undefined : await worked.answer();
    const readyMs = clock.now();
    const isSkipped = !offload || (first?.[0]?.probability ?? 0) >= (skipAbove ?? Number.POSITIVE_INFINITY);
    const answerByMs = deadlineMs === undefined ? undefined : startMs + deadlineMs - answerMarginMs;
    const asking = ask(worked.packed, isSkipped, answerByMs);
    // The frame goes first. A failure is heard only where there is no answer of the edge.
    const own = first === undefined ? worked.answer() : Promise.resolve(first);
    own.catch(() => undefined);
    const asked = await asking;
    const answeredMs = clock.now();
    // An answer of the edge does not wait for the device's own beyond the deadline, nor for one that failed.
    const mine = answerByMs === undefined ? own : inTime(clock, own, answerByMs);
    const [likeliest] = (await mine.catch(() => undefined)) ?? [];
    const answer = believedEdge(asked, likeliest);
    const top = answer?.top ?? (await own);
    const totalMs = clock.now() - startMs;
    const waitedMs = transport === undefined || worked.packed instanceof CodecError ? 0 : answeredMs - readyMs;
    const edgeMs = answer === undefined ? 0 : Math.max(0, Math.min(answer.timeMs.total, waitedMs));
    return {
      top,
      via: answer === undefined ? 'device' : asked.isPrefix ? 'edge-prefix' : 'edge',
      inTime: deadlineMs === undefined || totalMs <= deadlineMs,
      frameBytes: asked.frameBytes,
      chunks: answer?.chunks ?? { decoded: 0, of: asked.chunks },
      timeMs: { device: totalMs - waitedMs, link: waitedMs - edgeMs, edge: edgeMs, total: totalMs },
      ...(answer?.warning !== undefined && { warning: answer.warning }),
      ...(asked.reason && { edgeError: asked.reason }),
    };
  }

  return {
    infer,
    compress: work.compress,
    shortestDeadlineMs,
    linkEstimate: () => offloader?.estimate(),
    close: work.close,
    [Symbol.asyncDispose]: work.close,
  };
}

/** The edge's answer, if there is one and the device does not know better. */
function believedEdge({ answer, value }: Asked, mine: RankedLabel | undefined): InferAnswer | undefined {
  const [theirs] = answer?.top ?? [];
  if (answer === undefined || value === undefined || mine === undefined || theirs === undefined) return answer;
  if (mine.label === theirs.label) return answer;
  const accuracy = value.edge[answer.chunks.decoded - 1] ?? 0;
  const isPreferred = prefersEdge(
    { probability: theirs.probability, accuracy },
    { probability: mine.probability, accuracy: value.device },
  );
  return isPreferred ? answer : undefined;
}
