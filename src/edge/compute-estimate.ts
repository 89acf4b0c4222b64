/**
 * How long a computation takes, learned from those before it: an exponentially weighted mean and mean deviation, with the
 * weights by which TCP learns its round trips (RFC 6298, section 2).
 */

const meanWeight = 1 / 8;
const deviationWeight = 1 / 4;
/** Mean deviations above the mean within which nearly every computation ends. */
const deviations = 4;

/** What has been learned so far. */
export interface ComputeEstimate {
  /** Learns from one computation. */
  add(ms: number): void;
  /** The weighted mean, in ms. */
  meanMs(): number;
  /** A time within which a computation nearly always ends, in ms: the mean and four mean deviations. */
  safeMs(): number;
}

/** Starts from one measured computation; the next may take as much again. */
export function createComputeEstimate(firstMs: number): ComputeEstimate {
  let mean = firstMs;
  let deviation = firstMs / deviations;
  return {
    add(ms) {
      deviation += deviationWeight * (Math.abs(ms - mean) - deviation);
      mean += meanWeight * (ms - mean);
    },
    meanMs: () => mean,
    safeMs: () => mean + deviations * deviation,
  };
}
