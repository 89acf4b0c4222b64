/** How a device reaches its edge. Implementations are injected, so that the device itself knows no socket. */

import type { InferResponse } from '../../core/wire/index.ts';

/** Longest time that can be waited for, about 24.8 days: timers take a longer one for 1 ms. */
export const maxTimeoutMs = 2 ** 31 - 1;

/**
 * Checks a time to wait.
 *
 * @param name - What to call it in the message.
 * @throws {@link RangeError} when it is not from 0 to {@link maxTimeoutMs}.
 */
export function requireTimeout(name: string, timeoutMs: number): void {
  if (!(timeoutMs >= 0 && timeoutMs <= maxTimeoutMs)) {
    throw new RangeError(`${name} must be 0 to ${maxTimeoutMs} ms, got ${timeoutMs}`);
  }
}

/** One frame on its way. */
export interface TransportRequest {
  readonly frame: Uint8Array;
  /** Time left to the deadline when the request is handed over; the transport takes its own waiting off. */
  readonly remainingMs?: number;
}

/** A connection to one edge, made when first needed and made again when it broke. */
export interface Transport extends AsyncDisposable {
  /**
   * Sends a frame and waits for the edge's response to it; an edge that refuses is a response too.
   *
   * @param options - `timeoutMs`: how long to wait in all, connecting included.
   * @throws {@link TransportError} when the edge cannot be reached, the connection breaks twice, or time is up.
   * @throws {@link RangeError} when `timeoutMs` is not from 0 to {@link maxTimeoutMs}.
   */
  send(request: TransportRequest, options: { readonly timeoutMs: number }): Promise<InferResponse>;
  /** Closes the connection; requests under way are rejected with a {@link TransportError}. */
  close(): Promise<void>;
}
