/** More frames than the edge can answer, each with a deadline: who is accepted must be answered in time, the others told at once. */

import { quantile } from 'simple-statistics';
import { createRandom } from '../../src/core/tensor/index.ts';
import { acceptedInVain } from '../../src/edge/index.ts';
import type { Child } from '../../src/lab/experiments/process-parent.ts';
import type { EdgeHandlers } from './edge-process.ts';
import { type FrameClient, openFrameClient, type TimedResponse } from './frame-client.ts';

/** What became of the frames. */
export interface OverloadResult {
  readonly seconds: number;
  readonly deadlineMs: number;
  /** Frames that were sent each second, and as a multiple of what the edge can carry. */
  readonly sentPerSecond: number;
  readonly load: number;
  readonly sent: number;
  readonly answered: number;
  /** Answers that left the edge later than their deadline, and requests that were accepted and refused when their turn came. */
  readonly acceptedAndLate: number;
  readonly refused: number;
  /** From sending a frame to hearing that it is refused. */
  readonly refusalMs: { readonly p50: number; readonly p99: number };
  /** Memory of the edge a quarter into the load and at its end. */
  readonly residentBytes: { readonly early: number; readonly late: number };
  readonly longestLoopDelayMs: number;
  /** After the load ended: until frames one at a time took no longer than twice what they took before. */
  readonly normalAgainAfterMs: number;
}

const connections = 64;
/** An edge that needs longer is broken. */
const longestRecoveryMs = 60_000;
/** Frames one after the other that say how long one takes on an idle edge. */
const quietFrames = 10;

/** Sends at the times of a Poisson process, whatever comes back. */
export async function measureOverload(
  edge: { readonly child: Child<EdgeHandlers>; readonly url: string },
  frames: readonly Uint8Array[],
  options: {
    readonly capacityPerSecond: number;
    readonly load: number;
    readonly seconds: number;
    readonly deadlineMs: number;
  },
): Promise<OverloadResult> {
  const { capacityPerSecond, load, seconds, deadlineMs } = options;
  const clients = await Promise.all(Array.from({ length: connections }, () => openFrameClient(edge.url)));
  const [first] = clients as [FrameClient];
  const frame = frames[0] as Uint8Array;
  const before = await quietMedian(first, frame);
  const sentPerSecond = load * capacityPerSecond;
  const random = createRandom(0);
  const responses: Promise<TimedResponse>[] = [];
  const startMs = performance.now();
  let nextMs = 0;
  let early = 0;
  await edge.child.call('state', null);
  while (nextMs < 1000 * seconds) {
    const nowMs = performance.now() - startMs;
    for (; nextMs <= nowMs; nextMs += (-Math.log(1 - random.uniform()) * 1000) / sentPerSecond) {
      const client = clients[responses.length % connections] as FrameClient;
      responses.push(client.ask(frames[responses.length % frames.length] as Uint8Array, deadlineMs));
    }
    if (early === 0 && nowMs > 250 * seconds) early = (await edge.child.call('state', null)).residentBytes;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const loadEndMs = performance.now();
  const { residentBytes: late, longestLoopDelayMs } = await edge.child.call('state', null);
  const normalAgainAfterMs = await untilNormal(first, frame, 2 * before, loadEndMs);
  const done = await Promise.all(responses);
  for (const client of clients) client.close();
  const answers = done.flatMap(({ response }) => (response.ok ? response : []));
  const refusals = done.filter(({ response }) => !response.ok);
  const lateAnswers = answers.filter(({ timeMs }) => timeMs.total > deadlineMs).length;
  // What was refused when its turn came had been accepted.
  const lateRefusals = refusals.filter(
    ({ response, roundTripMs }) =>
      roundTripMs >= deadlineMs || (!response.ok && response.error.message.startsWith(acceptedInVain)),
  ).length;
  const refusalTimes = refusals.map(({ roundTripMs }) => roundTripMs);
  return {
    seconds,
    deadlineMs,
    sentPerSecond,
    load,
    sent: done.length,
    answered: answers.length,
    acceptedAndLate: lateAnswers + lateRefusals,
    refused: refusals.length,
    refusalMs: { p50: quantile(refusalTimes, 0.5), p99: quantile(refusalTimes, 0.99) },
    residentBytes: { early, late },
    longestLoopDelayMs,
    normalAgainAfterMs,
  };
}

async function quietMedian(client: FrameClient, frame: Uint8Array): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < quietFrames; i++) times.push((await client.ask(frame)).roundTripMs);
  return quantile(times, 0.5);
}

async function untilNormal(client: FrameClient, frame: Uint8Array, normalMs: number, sinceMs: number): Promise<number> {
  for (;;) {
    const { roundTripMs, atMs } = await client.ask(frame);
    if (roundTripMs <= normalMs) return atMs - sinceMs;
    if (atMs - sinceMs > longestRecoveryMs) throw new Error(`not normal again after ${longestRecoveryMs} ms`);
  }
}
