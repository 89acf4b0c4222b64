/** What all methods of one simulation share: the link, the requests, the machines and the deadline. */

import type { LinkModel } from '../../../../core/link/index.ts';
import { createRandom, shuffled } from '../../../../core/tensor/index.ts';

/** How long things take on both ends, in ms, after scaling. */
export interface MachineTimes {
  /** Picture to frame, on the device. */
  readonly device: number;
  /** The device's own classifier. */
  readonly fallback: number;
  /** Frame to answer, on the edge. */
  readonly edge: number;
  /** The whole network on the edge, and on the device. */
  readonly wholeOnEdge: number;
  readonly wholeOnDevice: number;
}

/** One simulation. */
export interface Scenario {
  readonly link: LinkModel;
  readonly deadlineMs: number;
  /** `end-to-end`: from the picture; `network`: from when the device has something to send. */
  readonly clockStarts: 'end-to-end' | 'network';
  readonly times: MachineTimes;
  readonly requests: readonly Request[];
  /** Requests at the front that only warm up. */
  readonly warmUp: number;
  /** Of the link's chance. */
  readonly seed: number;
}

/** One picture that wants an answer. */
export interface Request {
  readonly atMs: number;
  /** Position of its picture among those that are simulated. */
  readonly picture: number;
}

/** Requests to simulate. */
export interface RequestPlan {
  readonly requests: number;
  readonly warmUp: number;
  /** Mean of the exponential gaps between requests. */
  readonly meanGapMs: number;
  readonly pictures: number;
  readonly seed: number;
}

/** What is left out of a scenario that says nothing of it: those of the experiments. */
export const defaultRequests = { requests: 10_000, warmUp: 20, meanGapMs: 250, seed: 0 } as const;

/** Requests at the times of a Poisson process, over shuffled pictures, again and again in the same order. */
export function poissonRequests({ requests, warmUp, meanGapMs, pictures, seed }: RequestPlan): Request[] {
  const random = createRandom(seed);
  const order = shuffled(
    Array.from({ length: pictures }, (_, picture) => picture),
    random,
  );
  let atMs = 0;
  return Array.from({ length: requests + warmUp }, (_, i) => {
    atMs += -Math.log(1 - random.uniform()) * meanGapMs;
    return { atMs, picture: order[i % pictures] as number };
  });
}
