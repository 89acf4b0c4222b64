/** Connections that each have one frame under way, all the time. */

import { max, quantile } from 'simple-statistics';
import type { Child } from '../../src/lab/experiments/process-parent.ts';
import type { EdgeHandlers } from './edge-process.ts';
import { openFrameClient, type TimedResponse } from './frame-client.ts';

/** What some connections got. */
export interface ThroughputResult {
  readonly connections: number;
  readonly framesPerSecond: number;
  /** From the arrival of a frame at the edge to the start of its batch. */
  readonly queueMs: { readonly p50: number; readonly p99: number };
  readonly roundTripMs: { readonly p50: number; readonly p99: number };
  /** Longest time for which the edge's event loop did not turn. */
  readonly longestLoopDelayMs: number;
}

const warmUpMs = 1500;

/** Measures so many connections for so long, after a warm-up. */
export async function measureThroughput(
  edge: { readonly child: Child<EdgeHandlers>; readonly url: string },
  frames: readonly Uint8Array[],
  options: { readonly connections: number; readonly seconds: number },
): Promise<ThroughputResult> {
  const { connections, seconds } = options;
  const clients = await Promise.all(Array.from({ length: connections }, () => openFrameClient(edge.url)));
  const startMs = performance.now() + warmUpMs;
  const endMs = startMs + 1000 * seconds;
  const counted: TimedResponse[] = [];
  let next = 0;
  const measuring = Promise.all(
    clients.map(async (client) => {
      while (performance.now() < endMs) {
        const timed = await client.ask(frames[next++ % frames.length] as Uint8Array);
        if (timed.atMs >= startMs && timed.atMs < endMs) counted.push(timed);
      }
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, warmUpMs));
  await edge.child.call('state', null);
  await measuring;
  const { longestLoopDelayMs } = await edge.child.call('state', null);
  for (const client of clients) client.close();
  const queues = counted.map(({ response }) => (response.ok ? response.timeMs.queue : Number.POSITIVE_INFINITY));
  const roundTrips = counted.map(({ roundTripMs }) => roundTripMs);
  if (!Number.isFinite(max(queues))) throw new Error('the edge refused a frame that has no deadline');
  return {
    connections,
    framesPerSecond: counted.length / seconds,
    queueMs: { p50: quantile(queues, 0.5), p99: quantile(queues, 0.99) },
    roundTripMs: { p50: quantile(roundTrips, 0.5), p99: quantile(roundTrips, 0.99) },
    longestLoopDelayMs,
  };
}
