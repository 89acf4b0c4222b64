/**
 * One frame against one deadline: what of it is sent when, and whose answer counts.
 *
 *     estimate of the link ─► plan ─► burst of chunks ─► ... ─► the edge's answer, or none by then
 *
 * The same code runs in a device and, over a virtual clock, in the simulation. It knows no network, no picture and no graph.
 *
 * The twist: a burst goes out when the link should be about to have finished the one before, not at once: what waits in the
 * device can still be left out when time runs short, what waits in the network delays the next picture.
 */

import type { Clock } from '../core/clock.ts';
import { type AecnnError, TransportError } from '../core/errors.ts';
import { createLinkEstimator, expectedSendingMs, type LinkEstimate, slowSendingMs } from '../core/link/index.ts';
import { chunkMessageHeaderBytes, cutFrame, type InferAnswer, splitFrame } from '../core/wire/index.ts';
import { inTime } from './in-time.ts';
import { type AnswerValue, bestPlan, bytesOnLink, type Planner } from './send-plan.ts';
import type { Connection, FrameStream, FrameStreamEvents, Transport } from './transport/transport.ts';

/** A frame and its deadline. */
export interface OffloadRequest {
  /** Whole, with all the chunks that may be sent. */
  readonly frame: Uint8Array;
  readonly value: AnswerValue;
  /** When the answer must be here, by the clock. */
  readonly answerByMs: number;
}

/** What became of it. */
export interface Offloaded {
  /** The edge's answer, when it came in time. */
  readonly answer?: InferAnswer;
  /** Whether the answer rests on fewer chunks than were promised. */
  readonly isPrefix: boolean;
  /** Chunks that were planned, and their bytes as a frame; 0 when nothing was sent. */
  readonly chunks: number;
  readonly frameBytes: number;
  /** Why there is no answer; absent with one, and when the plan was to send nothing. */
  readonly reason?: AecnnError;
}

/** Sends frames to one edge and learns its link. */
export interface Offloader {
  /** Resolves with the edge's answer or, at the latest when the answer must be here, without one. Never rejects. */
  offload(request: OffloadRequest): Promise<Offloaded>;
  /** What it knows of the link now. */
  estimate(): LinkEstimate;
}

/** Options of {@link createOffloader}. */
export interface OffloaderOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** {@link bestPlan} when left out. */
  readonly planner?: Planner;
}

/** Bytes of a message before its chunk: the message's own header and that of a masked WebSocket frame (RFC 6455, 5.2). */
const messageHeaderBytes = chunkMessageHeaderBytes + 6;
/** What an edge is taken to need before it has said so. */
const unknownEdgeMs = 30;
/** Weight of the newest time of the edge. */
const newestWeight = 0.2;
/** Left free between the answer's way back and the deadline: timers and queues are not exact. */
const slackMs = 2;

/** Makes an offloader over a transport, which it leaves open. */
export function createOffloader({ transport, clock, planner = bestPlan }: OffloaderOptions): Offloader {
  const estimator = createLinkEstimator();
  const edge = { meanMs: unknownEdgeMs, isKnown: false };
  let connection: Connection | undefined;

  function learnEdge({ timeMs }: InferAnswer): void {
    const weight = edge.isKnown ? newestWeight : 1;
    edge.meanMs += weight * (timeMs.queue + timeMs.compute - edge.meanMs);
    edge.isKnown = true;
  }

  async function offload(request: OffloadRequest): Promise<Offloaded> {
    const { frame, value, answerByMs } = request;
    const { roundTripMs } = estimator.estimate(clock.now());
    // Later than this no answer comes in time, so there is nothing to wait for.
    const found = await connectionBy(answerByMs - roundTripMs - edge.meanMs);
    if (found instanceof TransportError) return unsent(found);
    if (found !== connection) estimator.connected(found.handshakeMs);
    connection = found;
    const link = estimator.estimate(clock.now());
    const plan = planner({
      chunkBytes: splitFrame(frame).map((part) => part.length + messageHeaderBytes),
      value,
      link,
      uplinkMs: answerByMs - clock.now() - edge.meanMs - link.roundTripMs / 2 - slackMs,
    });
    const chunks = plan.at(-1) ?? 0;
    if (chunks === 0) return unsent();
    const cut = cutFrame(frame, chunks);
    const outcome = await exchange(cut, plan, link, answerByMs);
    const sent = { chunks, frameBytes: cut.length };
    if (outcome instanceof TransportError) return { ...sent, isPrefix: false, reason: outcome };
    learnEdge(outcome);
    return { ...sent, isPrefix: outcome.chunks.decoded < chunks, answer: outcome };
  }

  /** The open connection, or why there is none by a moment. */
  async function connectionBy(latestMs: number): Promise<Connection | TransportError> {
    try {
      const found = await inTime(clock, transport.connect(), latestMs);
      return found ?? new TransportError('there is no connection to the edge yet');
    } catch (error) {
      return asTransportError(error);
    }
  }

  /** Sends the bursts of a plan and waits for the answer or the moment at which it is too late for it. */
  function exchange(
    frame: Uint8Array,
    plan: readonly number[],
    link: LinkEstimate,
    answerByMs: number,
  ): Promise<InferAnswer | TransportError> {
    return new Promise((resolve) => {
      const parts = splitFrame(frame);
      let stream: FrameStream | undefined;
      const startMs = clock.now();
      const deliveries = new Map<number, number>();
      let isHeard = false;
      let isOver = false;
      let burst = 0;
      let cancelNext = (): void => undefined;

      function finish(outcome: InferAnswer | TransportError, missed: boolean): void {
        if (isOver) return;
        isOver = true;
        cancelNext();
        cancelDeadline();
        stream?.end(missed);
        estimator.finished(isHeard);
        resolve(outcome);
      }
      function sendBurst(): void {
        cancelNext();
        const end = plan[burst];
        if (end === undefined) return;
        const start = plan[burst - 1] ?? 0;
        const remainingMs = answerByMs - clock.now();
        const latestAtEdgeMs = remainingMs - edge.meanMs - link.roundTripMs / 2;
        // What cannot be there in time any more would only be in the way of the next picture.
        if (burst > 0 && latestAtEdgeMs < link.roundTripMs / 2) return;
        const burstParts = parts.slice(start, end);
        const bytes = bytesOnLink(burstParts.reduce((sum, part) => sum + part.length + messageHeaderBytes, 0));
        const { waitingBytes } = estimator.estimate(clock.now());
        const uplinkMs = link.roundTripMs / 2 + slowSendingMs(link, waitingBytes + bytes);
        // A chunk that is slower than that is still of use when the edge can just compute with it.
        const leaveMs = Math.max(edge.meanMs, remainingMs - link.roundTripMs / 2 - slackMs - uplinkMs);
        deliveries.set(end, estimator.sent(bytes, clock.now()));
        stream?.send(burstParts.map((part, i) => ({ index: start + i, bytes: part, remainingMs: leaveMs })));
        burst++;
        const idleAfterMs = expectedSendingMs(link, bytes);
        cancelNext = clock.after(idleAfterMs, sendBurst);
      }

      const cancelDeadline = clock.after(answerByMs - startMs, () =>
        finish(new TransportError(`no answer from the edge within ${Math.round(answerByMs - startMs)} ms`), true),
      );
      const events: FrameStreamEvents = {
        onAcknowledged(chunks) {
          isHeard = true;
          const delivery = deliveries.get(chunks);
          if (delivery !== undefined) estimator.acknowledged(delivery, clock.now());
          if (!isOver && chunks === plan[burst - 1]) sendBurst();
        },
        onResponse(response) {
          isHeard = true;
          finish(
            response.ok
              ? response
              : new TransportError(`the edge refused the frame (${response.error.code}): ${response.error.message}`),
            false,
          );
        },
        onBroken: (error) => finish(error, false),
      };
      try {
        stream = transport.openStream(events);
        // It may have broken at once.
        if (isOver) stream.end(false);
        else sendBurst();
      } catch (error) {
        finish(asTransportError(error), false);
      }
    });
  }

  return { offload, estimate: () => estimator.estimate(clock.now()) };
}

/** The device answers whatever fails on the way to the edge, mistakes in a transport included; the cause is kept. */
const asTransportError = (error: unknown): TransportError =>
  error instanceof TransportError
    ? error
    : new TransportError(`the way to the edge failed: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });

const unsent = (reason?: TransportError): Offloaded => ({
  isPrefix: false,
  chunks: 0,
  frameBytes: 0,
  ...(reason && { reason }),
});
