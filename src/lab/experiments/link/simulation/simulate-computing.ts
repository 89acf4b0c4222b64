/** Methods that send nothing: the device's own classifier, and the whole network on the device. */

import type { Outcome } from './outcome.ts';
import type { Scenario } from './scenario.ts';

/** Work that the device does for each picture, one after the other. */
export interface Computing {
  /**
   * In ms, after scaling. Where the clock starts when there is something to send, only what comes after that moment counts:
   * the caller leaves the rest out.
   */
  readonly deviceMs: number;
  readonly isRight: (picture: number) => boolean;
}

/** Simulates all requests, warm-up included, in order. */
export function simulateComputing(
  { requests, deadlineMs }: Pick<Scenario, 'requests' | 'deadlineMs'>,
  { deviceMs, isRight }: Computing,
): Outcome[] {
  let freeMs = 0;
  return requests.map(({ atMs, picture }) => {
    const doneMs = Math.max(atMs, freeMs) + deviceMs;
    if (doneMs - atMs > deadlineMs) return { via: 'refused', isRight: false, frameBytes: 0 };
    freeMs = doneMs;
    return { via: 'device', isRight: isRight(picture), latencyMs: doneMs - atMs, frameBytes: 0 };
  });
}
