/**
 * A transport over one WebSocket: requests are told apart by their id, so several can be under way.
 *
 * Browser-safe: the socket itself comes from `openSocket`, which `node.ts` implements over ws. A connection found dead is
 * replaced once for each request; an edge that refuses a fresh connection is given up at once, the device has a fallback.
 */

import { TransportError } from '../../core/errors.ts';
import { type InferResponse, parseResponse, serializeRequest } from '../../core/wire/index.ts';
import { requireTimeout, type Transport, type TransportRequest } from './transport.ts';

/** What a socket tells its transport. `onClose` comes exactly once, after a failure to connect too. */
export interface SocketEvents {
  onOpen(): void;
  onText(text: string): void;
  onClose(reason: string): void;
}

/** A WebSocket, reduced to what a transport needs. */
export interface Socket {
  send(bytes: Uint8Array): void;
  /** Closes the connection, also one that is still being made. */
  close(): void;
}

/** Options of {@link createSocketTransport}. */
export interface SocketTransportOptions {
  /** WebSocket address; see `edgeStreamUrl`. */
  readonly url: string;
  readonly openSocket: (url: string, events: SocketEvents) => Socket;
  /** How long a connection may take to be made. */
  readonly connectTimeoutMs?: number;
  /** Clock in milliseconds; `performance.now` when left out. */
  readonly now?: () => number;
}

/** Default of {@link SocketTransportOptions.connectTimeoutMs}. */
export const defaultConnectTimeoutMs = 3000;

interface PendingRequest {
  readonly resolve: (response: InferResponse) => void;
  readonly reject: (error: TransportError) => void;
}

interface Connection {
  readonly opened: Promise<void>;
  readonly closed: Promise<void>;
  readonly socket: Socket;
  readonly pending: Map<number, PendingRequest>;
  /** When the edge was last heard, by the transport's clock. */
  heardMs: number;
}

/**
 * Makes a transport over WebSockets that `openSocket` opens. Connects at the first request.
 *
 * @throws {@link RangeError} when `connectTimeoutMs` is not from 0 to {@link maxTimeoutMs}.
 */
export function createSocketTransport(options: SocketTransportOptions): Transport {
  const { url, openSocket, connectTimeoutMs = defaultConnectTimeoutMs, now = () => performance.now() } = options;
  requireTimeout('connectTimeoutMs', connectTimeoutMs);
  let current: Connection | undefined;
  let nextRequestId = 1;
  let isClosed = false;

  function connect(): Connection {
    const pending = new Map<number, PendingRequest>();
    let settleOpened: { resolve: () => void; reject: (error: TransportError) => void } | undefined;
    const opened = new Promise<void>((resolve, reject) => {
      settleOpened = { resolve, reject };
    });
    opened.catch(() => undefined);
    let isOpen = false;
    let resolveClosed: (() => void) | undefined;
    const closed = new Promise<void>((resolve) => {
      resolveClosed = resolve;
    });

    function fail(reason: string): void {
      clearTimeout(timer);
      if (current === connection) current = undefined;
      const what = isOpen ? `the connection to the edge at ${url} broke` : `the edge at ${url} cannot be reached`;
      const error = new TransportError(`${what}: ${reason}`);
      settleOpened?.reject(error);
      for (const request of pending.values()) request.reject(error);
      pending.clear();
    }
    const socket = openSocket(url, {
      onOpen() {
        clearTimeout(timer);
        isOpen = true;
        connection.heardMs = now();
        settleOpened?.resolve();
      },
      onText(text) {
        connection.heardMs = now();
        try {
          const response = parseResponse(text);
          pending.get(response.requestId)?.resolve(response);
        } catch (error) {
          fail(`it does not speak this protocol (${error instanceof Error ? error.message : error})`);
          socket.close();
        }
      },
      onClose(reason) {
        fail(reason);
        resolveClosed?.();
      },
    });
    const timer = setTimeout(() => {
      fail(`no connection within ${connectTimeoutMs} ms`);
      socket.close();
    }, connectTimeoutMs);
    const connection: Connection = { opened, closed, socket, pending, heardMs: Number.NEGATIVE_INFINITY };
    current = connection;
    return connection;
  }

  function drop(connection: Connection): void {
    if (current === connection) current = undefined;
    connection.socket.close();
  }

  async function exchange(connection: Connection, request: TransportRequest, startMs: number, timeoutMs: number) {
    const requestId = nextRequestId;
    nextRequestId = (nextRequestId + 1) >>> 0 || 1;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await new Promise<InferResponse>((resolve, reject) => {
        connection.pending.set(requestId, { resolve, reject });
        let sentMs = now();
        timer = setTimeout(
          () => {
            reject(new TransportError(`no answer from the edge at ${url} within ${Math.round(timeoutMs)} ms`));
            // Nothing was heard meanwhile: the link may be gone without a word, so the next request connects anew.
            if (connection.heardMs <= sentMs) drop(connection);
          },
          Math.max(0, timeoutMs - (sentMs - startMs)),
        );
        const transmit = () => {
          if (!connection.pending.has(requestId)) return;
          sentMs = now();
          const { frame, remainingMs } = request;
          const left = remainingMs === undefined ? {} : { remainingMs: Math.max(0, remainingMs - (sentMs - startMs)) };
          connection.socket.send(serializeRequest({ requestId, frame, ...left }));
        };
        connection.opened.then(transmit).catch(reject);
      });
    } finally {
      clearTimeout(timer);
      connection.pending.delete(requestId);
    }
  }

  async function send(
    request: TransportRequest,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<InferResponse> {
    requireTimeout('timeoutMs', timeoutMs);
    if (isClosed) throw new TransportError('the transport is closed: make a new one');
    const startMs = now();
    const reused = current;
    if (reused === undefined) return exchange(connect(), request, startMs, timeoutMs);
    try {
      return await exchange(reused, request, startMs, timeoutMs);
    } catch (error) {
      // A connection that broke is gone from `current`; one that is still there only took too long.
      if (isClosed || current === reused || now() - startMs >= timeoutMs) throw error;
      return exchange(current ?? connect(), request, startMs, timeoutMs);
    }
  }

  async function close(): Promise<void> {
    isClosed = true;
    const connection = current;
    if (connection === undefined) return;
    for (const request of connection.pending.values()) request.reject(new TransportError('the transport was closed'));
    connection.socket.close();
    await connection.closed;
  }

  return { send, close, [Symbol.asyncDispose]: close };
}
