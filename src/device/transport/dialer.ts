/**
 * Makes connections to an edge until one opens: one attempt when somebody waits for it, or probing, which is a fresh attempt
 * at a steady pace for as long as the link is in doubt.
 *
 * The twist: an attempt that began while the link was down tells late, or never, that the link is back; a fresh one tells
 * within a round trip. But on a slow link only an old one has had the time to open. So the oldest attempt is kept until its
 * timeout, and of the others the older make room for the fresh.
 */

import { TransportError } from '../../core/errors.ts';
import { startBackgroundTimer } from './background-timer.ts';
import type { SocketConnection } from './socket-connection.ts';

/** Most attempts under way at a time. */
const maxAttempts = 4;

/** Options of {@link createDialer}. */
export interface DialerOptions {
  /** Begins an attempt. */
  readonly begin: () => SocketConnection;
  /** Time between the beginnings of two attempts, in ms; probing never makes more. */
  readonly probeIntervalMs: number;
  readonly now: () => number;
  /** Whether a connection is wanted at all; probing ends when not. */
  readonly isWanted: () => boolean;
  /** The first attempt that opens; the others have been ended. */
  readonly onOpened: (connection: SocketConnection) => void;
}

/** Attempts to reach one edge. */
export interface Dialer {
  /** The oldest attempt under way; begins one where there is none. */
  attempt(): SocketConnection;
  /** Begins to probe, at once unless another attempt has just begun. */
  probe(): void;
  /** Ends all attempts, for this reason, and probing. */
  stop(reason: TransportError): void;
}

/** Makes a dialer. It begins with nothing. */
export function createDialer({ begin, probeIntervalMs, now, isWanted, onOpened }: DialerOptions): Dialer {
  /** Oldest first. */
  let attempts: SocketConnection[] = [];
  let lastBeganMs = Number.NEGATIVE_INFINITY;
  let isProbing = false;
  let cancelNext = (): void => undefined;

  function add(): SocketConnection {
    const [, second] = attempts;
    if (attempts.length >= maxAttempts && second !== undefined) {
      attempts = attempts.filter((attempt) => attempt !== second);
      second.end(new TransportError('this attempt to reach the edge made room for a fresh one'), 'terminate');
    }
    lastBeganMs = now();
    const attempt = begin();
    attempts.push(attempt);
    attempt.opened.then(
      () => conclude(attempt),
      () => conclude(attempt),
    );
    return attempt;
  }

  /** An attempt opened or failed. */
  function conclude(attempt: SocketConnection): void {
    // One that was ended here is of no interest.
    if (!attempts.includes(attempt)) return;
    attempts = attempts.filter((other) => other !== attempt);
    if (!attempt.isOpen) {
      probe();
      return;
    }
    stop(new TransportError('another attempt to reach the edge was faster'));
    onOpened(attempt);
  }

  function probe(): void {
    if (isProbing) return;
    isProbing = true;
    const waitMs = lastBeganMs + probeIntervalMs - now();
    if (waitMs > 0) cancelNext = startBackgroundTimer(waitMs, keepProbing);
    else keepProbing();
  }

  function keepProbing(): void {
    isProbing = isWanted();
    if (!isProbing) return;
    add();
    cancelNext = startBackgroundTimer(probeIntervalMs, keepProbing);
  }

  function stop(reason: TransportError): void {
    cancelNext();
    isProbing = false;
    const ended = attempts;
    attempts = [];
    for (const attempt of ended) attempt.end(reason, 'terminate');
  }

  return { attempt: () => attempts[0] ?? add(), probe, stop };
}
