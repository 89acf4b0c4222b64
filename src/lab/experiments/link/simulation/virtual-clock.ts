/**
 * A clock that jumps from event to event: hours of a link in seconds, and the same events at the same times every run.
 *
 * The twist: whatever was resolved runs to its end before time goes on, promises included, so code that
 * awaits behaves as on a clock that stands still while it computes.
 */

import TinyQueue from 'tinyqueue';
import type { Clock } from '../../../../core/clock.ts';

/** A clock whose time passes when it is told to. */
export interface VirtualClock extends Clock {
  /** Lets time pass until nothing is left to happen. */
  run(): Promise<void>;
}

interface Event {
  readonly atMs: number;
  /** Of events at the same time, the one that was asked for first comes first. */
  readonly order: number;
  callback: (() => void) | undefined;
}

/** Makes a clock that stands at 0. */
export function createVirtualClock(): VirtualClock {
  let nowMs = 0;
  let order = 0;
  const queue = new TinyQueue<Event>([], (a, b) => a.atMs - b.atMs || a.order - b.order);
  return {
    now: () => nowMs,
    after(delayMs, callback) {
      const event: Event = { atMs: nowMs + Math.max(0, delayMs), order: order++, callback };
      queue.push(event);
      return () => {
        event.callback = undefined;
      };
    },
    async run() {
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        let event = queue.pop();
        while (event !== undefined && event.callback === undefined) event = queue.pop();
        if (event?.callback === undefined) return;
        nowMs = event.atMs;
        event.callback();
      }
    },
  };
}
