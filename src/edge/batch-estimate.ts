/**
 * How long a batch takes, by its size: a line through two measured sizes, and what later batches took in proportion to it.
 *
 * A sure time is above the slowest of the latest batches, which a mean deviation forgets sooner than a promise may.
 *
 * The twist: what is learned is one factor for all sizes. A machine that is busy is slower for all of them, and a size that has
 * not been seen for long needs no estimate of its own.
 */

import { createComputeEstimate } from './compute-estimate.ts';

/** A batch that was timed. */
export interface TimedBatch {
  readonly size: number;
  readonly ms: number;
}

/** What has been learned so far. */
export interface BatchEstimate {
  /** Learns from one batch. */
  add(batch: TimedBatch): void;
  /** What a batch of so many takes on average, in ms. */
  meanMs(size: number): number;
  /** A time within which such a batch nearly always ends, in ms. */
  safeMs(size: number): number;
  /** A time within which all but one in a thousand end, in ms: what a promise may rest on. */
  sureMs(size: number): number;
}

/** Least shares of the mean that are left for chance: a machine that was quiet so far need not stay so. */
const leastMargins = { safe: 0.1, sure: 1 } as const;
/** Weight with which the slowest batch is forgotten, for each batch that came after. */
const forgetting = 1 / 64;

/**
 * Starts from two batches of different sizes; from one alone, when a graph takes no more than one at once.
 *
 * @param small - Of the smaller size.
 */
export function createBatchEstimate(small: TimedBatch, large: TimedBatch = small): BatchEstimate {
  const slope = large.size > small.size ? Math.max(0, (large.ms - small.ms) / (large.size - small.size)) : 0;
  const fixedMs = Math.max(0, small.ms - slope * small.size);
  const lineMs = (size: number): number => Math.max(Number.EPSILON, fixedMs + slope * size);
  const factor = createComputeEstimate(1);
  let slowest = 1;
  return {
    add({ size, ms }) {
      const latest = ms / lineMs(size);
      factor.add(latest);
      slowest = Math.max(latest, slowest + forgetting * (factor.meanMs() - slowest));
    },
    meanMs: (size) => lineMs(size) * factor.meanMs(),
    safeMs: (size) => lineMs(size) * Math.max(factor.safeMs(), factor.meanMs() * (1 + leastMargins.safe)),
    sureMs: (size) => lineMs(size) * Math.max(factor.safeMs(), factor.meanMs() * (1 + leastMargins.sure), slowest),
  };
}
