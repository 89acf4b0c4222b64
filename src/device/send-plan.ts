/**
 * How much of a frame to send, and in which bursts: the decision at the heart of the deadline.
 *
 * Own derivation. The edge answers from the leading chunks that it has when the answer must leave. A burst of chunks shares
 * packets, so it costs fewer header bytes than its chunks one by one, but arrives as a whole. The plan is the sequence of
 * bursts with the highest expected accuracy: with `P(burst)` the chance that a burst is there in time and `accuracy` what
 * the answer from its last chunk is worth,
 *
 *     sum over bursts of  P(burst) * (accuracy(burst) - accuracy(burst before))
 *
 * starting from the device's own answer, less a small price for bytes and further bursts. Found by dynamic programming over the chunk
 * that a burst ends with and the number of bursts.
 *
 * The twist: on a fast link one burst of everything is best, on an uncertain one a safe burst and then bold ones; no special
 * case says so.
 */

import { bytesInPackets, deliveryProbability, type LinkEstimate, maxPacketBytes } from '../core/link/index.ts';

/** What answers are worth: expected shares of right ones, 0 to 1. */
export interface AnswerValue {
  /** Of the edge's answer from the first 1, 2, ... chunks; never falling. */
  readonly edge: readonly number[];
  /** Of the device's own answer. */
  readonly device: number;
}

/** What a plan is made from. */
export interface PlanInput {
  /** Bytes that each chunk adds to a burst, its message's headers included. */
  readonly chunkBytes: readonly number[];
  readonly value: AnswerValue;
  readonly link: LinkEstimate;
  /** Time in which a chunk must be at the edge to take part in the answer. */
  readonly uplinkMs: number;
}

/** The number of chunks that have been sent after each burst, rising; empty to send nothing. */
export type SendPlan = readonly number[];

/** Makes a plan. */
export type Planner = (input: PlanInput) => SendPlan;

/** Most bursts of a plan. */
const mostBursts = 5;
/** Price of each further burst and of a byte, in expected accuracy: an answer hardly better is not worth the wait and the air time. */
const burstPrice = 3e-3;
const bytePrice = 1e-6;
/** Bytes that may wait unacknowledged: beyond these a silent link gets nothing more, which it would only deliver too late. */
export const mostWaitingBytes = 3 * maxPacketBytes;
/** Least chance of a burst that is sent: a promise that is hardly ever kept makes the edge wait for it. */
const leastProbability = 0.1;

/** A link that was left alone for longer is asked anew, or it would be given up for ever. */
const longestIdleMs = 1000;

/** Bytes on the link of so many bytes handed over at once, packet headers included. */
export const bytesOnLink = (bytes: number): number => bytesInPackets(bytes).reduce((sum, packet) => sum + packet, 0);

/** The plan with the highest expected accuracy; now and then a probe where that is to send nothing. */
export const bestPlan: Planner = (input) => {
  const plan = mostAccuratePlan(input);
  return plan.length > 0 ? plan : probe(input);
};

/** The shortest useful burst, where nothing is worth sending by what was known of the link some time ago. */
function probe({ value, link, uplinkMs }: PlanInput): SendPlan {
  const useful = value.edge.findIndex((accuracy) => accuracy > value.device);
  const isDue = link.idleMs > longestIdleMs && link.waitingBytes < mostWaitingBytes && uplinkMs > link.roundTripMs / 2;
  return isDue && useful >= 0 ? [useful + 1] : [];
}

function mostAccuratePlan({ chunkBytes, value, link, uplinkMs }: PlanInput): SendPlan {
  if (link.waitingBytes >= mostWaitingBytes) return [];
  const ends = chunkBytes.map((_, chunk) => chunkBytes.slice(0, chunk + 1).reduce((a, b) => a + b, 0));
  /** `best[count][end]`: the best plan of so many bursts whose last one ends with so many chunks. */
  interface Step {
    readonly gain: number;
    readonly plan: SendPlan;
    readonly linkBytes: number;
  }
  let winner: Step = { gain: 0, plan: [], linkBytes: 0 };
  let before: (Step | undefined)[] = [winner];
  for (let count = 1; count <= mostBursts; count++) {
    const after: (Step | undefined)[] = [];
    for (let end = 1; end <= chunkBytes.length; end++) {
      for (let start = 0; start < end; start++) {
        const step = before[start];
        if (step === undefined) continue;
        const burstBytes = (ends[end - 1] as number) - (start === 0 ? 0 : (ends[start - 1] as number));
        const linkBytes = step.linkBytes + bytesOnLink(burstBytes);
        const probability = deliveryProbability(link, linkBytes, uplinkMs, count);
        if (probability < leastProbability) continue;
        const from = Math.max(value.device, start === 0 ? 0 : (value.edge[start - 1] as number));
        const to = Math.max(value.device, value.edge[end - 1] as number);
        const price = (count > 1 ? burstPrice : 0) + bytePrice * bytesOnLink(burstBytes);
        const gain = step.gain + probability * (to - from) - price;
        if (gain > (after[end]?.gain ?? Number.NEGATIVE_INFINITY)) {
          after[end] = { gain, plan: [...step.plan, end], linkBytes };
        }
      }
    }
    for (const step of after) if (step !== undefined && step.gain > winner.gain) winner = step;
    before = after;
  }
  return winner.plan;
}

/** Everything in one burst, whatever the link: what a device without an estimate does. */
export const wholeFramePlan: Planner = ({ chunkBytes }) => [chunkBytes.length];
