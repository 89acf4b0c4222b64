/** Time and turns as a parameter: the machine's own in a server, pretended ones in tests. */

import type { Clock } from '../core/clock.ts';

/** A clock that also knows when all events that came together have been handled. */
export interface EventLoop extends Clock {
  /** Calls back once, when everything that came in this turn has been handled. */
  atEndOfTurn(callback: () => void): void;
}

/** The event loop of Node. */
export const nodeEventLoop: EventLoop = {
  now: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  // Runs after the poll phase, in which everything that has arrived is read.
  atEndOfTurn: (callback) => void setImmediate(callback),
};
