/** What comes by a moment, and what does not. */

import type { Clock } from '../core/clock.ts';

/**
 * What a promise comes to by a moment; `undefined` when it has not come by then.
 *
 * @throws what the promise rejects with, when it does so by then.
 */
export function inTime<Value>(clock: Clock, promise: Promise<Value>, latestMs: number): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(latestMs - clock.now(), () => resolve(undefined));
    promise.then(resolve, reject).finally(cancel);
  });
}
