/** How a device reaches its edge. Implementations are injected, so that the device itself knows no socket. */

import type { TransportError } from '../../core/errors.ts';
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

/** One chunk on its way, see docs/wire-format.md, section "Messages". */
export interface SentChunk {
  /** Place in the frame, from 0. */
  readonly index: number;
  /** The chunk's bytes of the frame; those of chunk 0 begin with the frame's header. */
  readonly bytes: Uint8Array;
  /** Time from the arrival of this message, as the device expects it, to the moment at which the answer must leave the edge. */
  readonly remainingMs: number;
}

/** An open connection; another one is another object. */
export interface Connection {
  /** Time that its handshake took, there and back once, in ms. */
  readonly handshakeMs: number;
}

/**
 * What comes back for a frame that is sent chunk by chunk. After `end` acknowledgements still come, as late as they may be, so
 * that the sender learns what its link did; responses do not.
 */
export interface FrameStreamEvents {
  /** The edge has so many leading chunks. */
  onAcknowledged(chunks: number): void;
  /** The edge's one answer or refusal. */
  onResponse(response: InferResponse): void;
  /** The connection broke; nothing more comes. */
  onBroken(error: TransportError): void;
}

/** A frame under way. */
export interface FrameStream {
  /** Hands some chunks over, in one write, so that they share packets. Without a connection they are dropped. */
  send(chunks: readonly SentChunk[]): void;
  /**
   * No response is waited for any more, and nothing more is sent.
   *
   * @param missed - No answer came in time. When the edge was not heard since the first chunk was sent, the transport begins
   * to probe with fresh connections, and takes the first one that opens unless the old one is heard before.
   */
  end(missed: boolean): void;
}

/** A connection to one edge, made when first needed and made again when it broke. */
export interface Transport extends AsyncDisposable {
  /**
   * Sends a whole frame and waits for the edge's response to it; an edge that refuses is a response too.
   *
   * @param options - `timeoutMs`: how long to wait in all, connecting included.
   * @throws {@link TransportError} when the edge cannot be reached, the connection breaks twice, or time is up.
   * @throws {@link RangeError} when `timeoutMs` is not from 0 to {@link maxTimeoutMs}.
   */
  send(request: TransportRequest, options: { readonly timeoutMs: number }): Promise<InferResponse>;
  /**
   * Resolves when there is an open connection, at once where there is one, and begins to make one where there is none.
   *
   * @throws {@link TransportError} when the attempt under way fails; the next call makes another.
   */
  connect(): Promise<Connection>;
  /** Begins to send a frame chunk by chunk on the open connection. */
  openStream(events: FrameStreamEvents): FrameStream;
  /** Closes the connection; requests under way are rejected with a {@link TransportError}. */
  close(): Promise<void>;
}
