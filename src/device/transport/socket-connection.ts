/**
 * One connection to an edge, from the attempt to its end: requests are told apart by their id, so several can be under way.
 */

import { TransportError } from '../../core/errors.ts';
import { parseAcknowledgement, parseResponse } from '../../core/wire/index.ts';
import { startBackgroundTimer } from './background-timer.ts';
import type { OpenSocket } from './socket.ts';
import type { Connection, FrameStreamEvents } from './transport.ts';

/** Requests without a response whose late acknowledgements are still passed on; those of earlier ones are dropped. */
const maxEndedRequests = 64;

/** Options of {@link openSocketConnection}. */
export interface SocketConnectionOptions {
  readonly url: string;
  readonly openSocket: OpenSocket;
  readonly connectTimeoutMs: number;
}

/** What a connection tells its transport. */
export interface SocketConnectionEvents {
  /** The edge said something. */
  onHeard(connection: SocketConnection): void;
  /** It was open and broke; those who wait for a response are told next. Not called after `end`. */
  onBroken(connection: SocketConnection): void;
}

/** A connection, or the attempt to make one. */
export interface SocketConnection extends Connection {
  /** Resolves when it is open; rejects with a {@link TransportError} when it ends before. */
  readonly opened: Promise<void>;
  /** Resolves when its socket is gone. */
  readonly closed: Promise<void>;
  readonly isOpen: boolean;
  /** Messages that the edge has sent so far. */
  readonly messagesHeard: number;
  /** Passes on what the edge says of a request. One that comes too late is told that it broke. */
  register(requestId: number, events: FrameStreamEvents): void;
  /** The response to a request is not waited for any more; its acknowledgements still are. */
  release(requestId: number): void;
  /** Nothing about a request is passed on any more. */
  forget(requestId: number): void;
  /** Sends messages in one write; they are dropped when the connection is not open. */
  send(messages: readonly Uint8Array[]): void;
  /** Ends it for this reason, which those who wait for it or for a response are told. */
  end(reason: TransportError, how: 'close' | 'terminate'): void;
}

/** Begins to make a connection. */
export function openSocketConnection(
  { url, openSocket, connectTimeoutMs }: SocketConnectionOptions,
  events: SocketConnectionEvents,
): SocketConnection {
  const waiting = new Map<number, FrameStreamEvents>();
  const released = new Map<number, FrameStreamEvents>();
  const opened = deferred();
  const closed = deferred();
  // Nobody may wait for it.
  opened.promise.catch(() => undefined);
  let endReason: TransportError | undefined;
  let isOpen = false;
  let handshakeMs = 0;
  let messagesHeard = 0;

  function fail(reason: string): void {
    if (endReason !== undefined) return;
    const what = isOpen ? `the connection to the edge at ${url} broke` : `the edge at ${url} cannot be reached`;
    const wasOpen = isOpen;
    isOpen = false;
    endReason = new TransportError(`${what}: ${reason}`);
    if (wasOpen) events.onBroken(connection);
    tellAll(endReason);
  }

  function end(reason: TransportError, how: 'close' | 'terminate'): void {
    if (endReason === undefined) {
      isOpen = false;
      endReason = reason;
      tellAll(reason);
    }
    socket[how]();
  }

  function tellAll(reason: TransportError): void {
    cancelTimer();
    opened.reject(reason);
    const requests = [...waiting.values()];
    waiting.clear();
    released.clear();
    for (const request of requests) request.onBroken(reason);
  }

  /** What the edge said; nothing when it makes no sense, which ends the connection. */
  function hear<T>(parse: () => T): T | undefined {
    if (!isOpen) return undefined;
    messagesHeard++;
    let message: T;
    try {
      message = parse();
    } catch (error) {
      fail(`it does not speak this protocol (${error instanceof Error ? error.message : error})`);
      socket.close();
      return undefined;
    }
    events.onHeard(connection);
    return message;
  }

  const socket = openSocket(url, {
    onOpen(measuredMs) {
      if (endReason !== undefined) return;
      cancelTimer();
      isOpen = true;
      handshakeMs = measuredMs;
      opened.resolve();
    },
    onText(text) {
      const response = hear(() => parseResponse(text));
      if (response === undefined) return;
      const request = waiting.get(response.requestId);
      // What was sent and came too late for the response is acknowledged after it.
      release(response.requestId);
      request?.onResponse(response);
    },
    onBinary(bytes) {
      const acknowledgement = hear(() => parseAcknowledgement(bytes));
      if (acknowledgement === undefined) return;
      const { requestId, chunks } = acknowledgement;
      (waiting.get(requestId) ?? released.get(requestId))?.onAcknowledged(chunks);
    },
    onClose(reason) {
      fail(reason);
      closed.resolve();
    },
  });
  const cancelTimer = startBackgroundTimer(connectTimeoutMs, () => {
    fail(`no connection within ${connectTimeoutMs} ms`);
    socket.terminate();
  });

  function register(requestId: number, request: FrameStreamEvents): void {
    if (endReason !== undefined) request.onBroken(endReason);
    else waiting.set(requestId, request);
  }

  function release(requestId: number): void {
    const request = waiting.get(requestId);
    if (request === undefined) return;
    waiting.delete(requestId);
    released.set(requestId, request);
    const [oldest] = released.keys();
    if (released.size > maxEndedRequests && oldest !== undefined) released.delete(oldest);
  }

  function forget(requestId: number): void {
    waiting.delete(requestId);
    released.delete(requestId);
  }

  const connection: SocketConnection = {
    opened: opened.promise,
    closed: closed.promise,
    get isOpen() {
      return isOpen;
    },
    get handshakeMs() {
      return handshakeMs;
    },
    get messagesHeard() {
      return messagesHeard;
    },
    register,
    release,
    forget,
    send(messages) {
      if (isOpen) socket.send(messages);
    },
    end,
  };
  return connection;
}

/** A promise that is settled from outside. */
function deferred() {
  let resolve = (): void => undefined;
  let reject = (_reason: TransportError): void => undefined;
  const promise = new Promise<void>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise;
    reject = rejectPromise;
  });
  return { promise, resolve, reject };
}
