/** The machine's clock, for what takes its time as a parameter. */

import type { Clock } from '../core/clock.ts';

export type { Clock } from '../core/clock.ts';

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};
