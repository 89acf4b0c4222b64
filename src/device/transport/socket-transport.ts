/**
 * A transport over one WebSocket at a time: makes it, uses it, and puts a fresh one in its place when it is dead.
 *
 * Browser-safe: the socket itself comes from `openSocket`, which `node.ts` implements over ws. A whole frame whose connection
 * breaks is sent once more; an edge that refuses a fresh connection is given up at once, the device has a fallback.
 *
 * The twist: a link that is gone says nothing, and TCP takes seconds to notice that it is back. So silence where an answer
 * was due is reason enough to try fresh connections beside the old one. Whichever is heard first is used on.
 */

import { TransportError } from '../../core/errors.ts';
import { type InferResponse, serializeChunkMessage, serializeRequest } from '../../core/wire/index.ts';
import { createDialer } from './dialer.ts';
import type { OpenSocket } from './socket.ts';
import { openSocketConnection, type SocketConnection } from './socket-connection.ts';
import {
  type FrameStream,
  type FrameStreamEvents,
  requireTimeout,
  type Transport,
  type TransportRequest,
} from './transport.ts';

/** Options of {@link createSocketTransport}. */
export interface SocketTransportOptions {
  /** WebSocket address; see `edgeStreamUrl`. */
  readonly url: string;
  readonly openSocket: OpenSocket;
  /** How long an attempt to connect may take. */
  readonly connectTimeoutMs?: number;
  /** Time between two attempts while the link is in doubt. */
  readonly probeIntervalMs?: number;
  /** Clock in milliseconds; `performance.now` when left out. */
  readonly now?: () => number;
}

/** Options that {@link createSocketTransport} uses for what is left out. */
export const defaultSocketTransportOptions = { connectTimeoutMs: 3000, probeIntervalMs: 250 } as const;

/** A device that has asked for nothing so long needs no connection: probing ends until it asks again. */
const idleAfterMs = 30_000;

/**
 * Makes a transport over WebSockets that `openSocket` opens. Connects when first needed. Only a request that is waited for,
 * or a socket, keeps a process of Node alive: probing does not.
 *
 * @throws {@link RangeError} when a time is not from 0 to {@link maxTimeoutMs}.
 */
export function createSocketTransport(options: SocketTransportOptions): Transport {
  const { url, openSocket, connectTimeoutMs, probeIntervalMs } = { ...defaultSocketTransportOptions, ...options };
  const { now = () => performance.now() } = options;
  requireTimeout('connectTimeoutMs', connectTimeoutMs);
  requireTimeout('probeIntervalMs', probeIntervalMs);
  /** The open connection. */
  let current: SocketConnection | undefined;
  /** Connections and attempts whose sockets are not gone yet. */
  const alive = new Set<SocketConnection>();
  let nextRequestId = 1;
  let lastUsedMs = Number.NEGATIVE_INFINITY;
  let isClosed = false;

  const dialer = createDialer({
    begin,
    probeIntervalMs,
    now,
    isWanted: () => !isClosed && now() - lastUsedMs < idleAfterMs,
    onOpened(connection) {
      const old = current;
      current = connection;
      old?.end(
        new TransportError(`the connection to the edge at ${url} was silent: a fresh one took its place`),
        'terminate',
      );
    },
  });

  function begin(): SocketConnection {
    const connection = openSocketConnection(
      { url, openSocket, connectTimeoutMs },
      {
        onHeard(heard) {
          if (heard === current) dialer.stop(new TransportError('the connection in use was heard again'));
        },
        onBroken(broken) {
          if (broken !== current) return;
          current = undefined;
          dialer.probe();
        },
      },
    );
    alive.add(connection);
    void connection.closed.then(() => alive.delete(connection));
    return connection;
  }

  function use(): void {
    if (isClosed) throw new TransportError('the transport is closed: make a new one');
    lastUsedMs = now();
  }

  function takeRequestId(): number {
    const requestId = nextRequestId;
    nextRequestId = (nextRequestId + 1) >>> 0 || 1;
    return requestId;
  }

  /** The open connection, or the first one that opens. */
  async function openConnection(): Promise<SocketConnection> {
    if (current !== undefined) return current;
    const attempt = dialer.attempt();
    await attempt.opened.catch((error: unknown) => {
      // Another attempt may have been faster.
      if (current === undefined) throw error;
    });
    return current ?? attempt;
  }

  /** An answer did not come. If nothing else came either since `heardBefore` was counted, the link is in doubt. */
  function missed(connection: SocketConnection | undefined, heardBefore: number | undefined): void {
    if (connection !== current || isClosed) return;
    if (connection === undefined || connection.messagesHeard === heardBefore) dialer.probe();
  }

  async function exchange(request: TransportRequest, startMs: number, timeoutMs: number): Promise<InferResponse> {
    const requestId = takeRequestId();
    let connection: SocketConnection | undefined;
    let heardBefore: number | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    try {
      return await new Promise<InferResponse>((resolve, reject) => {
        timer = setTimeout(
          () => {
            reject(new TransportError(`no answer from the edge at ${url} within ${Math.round(timeoutMs)} ms`));
            missed(connection, heardBefore);
          },
          Math.max(0, timeoutMs - (now() - startMs)),
        );
        const transmit = (opened: SocketConnection): void => {
          if (isOver) return;
          connection = opened;
          heardBefore = opened.messagesHeard;
          const { frame, remainingMs } = request;
          const left = remainingMs === undefined ? {} : { remainingMs: Math.max(0, remainingMs - (now() - startMs)) };
          opened.register(requestId, { onAcknowledged: () => undefined, onResponse: resolve, onBroken: reject });
          opened.send([serializeRequest({ requestId, frame, ...left })]);
        };
        openConnection().then(transmit).catch(reject);
      });
    } finally {
      isOver = true;
      clearTimeout(timer);
      connection?.forget(requestId);
    }
  }

  async function send(
    request: TransportRequest,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<InferResponse> {
    requireTimeout('timeoutMs', timeoutMs);
    use();
    const startMs = now();
    const reused = current;
    try {
      return await exchange(request, startMs, timeoutMs);
    } catch (error) {
      // A connection that broke is gone from `current`; one that is still there only took too long.
      if (isClosed || reused === undefined || current === reused || now() - startMs >= timeoutMs) throw error;
      return exchange(request, startMs, timeoutMs);
    }
  }

  async function connect(): Promise<SocketConnection> {
    use();
    return openConnection();
  }

  function openStream(events: FrameStreamEvents): FrameStream {
    use();
    const requestId = takeRequestId();
    const connection = current;
    // Its chunks are dropped, but the next frame shall find a connection.
    if (connection === undefined) dialer.attempt();
    connection?.register(requestId, events);
    let heardBefore: number | undefined;
    let isEnded = false;
    return {
      send(chunks) {
        if (isEnded || isClosed || connection === undefined) return;
        use();
        heardBefore ??= connection.messagesHeard;
        connection.send(chunks.map((chunk) => serializeChunkMessage({ requestId, ...chunk })));
      },
      end(isMissed) {
        if (isEnded) return;
        isEnded = true;
        connection?.release(requestId);
        if (isMissed) missed(connection, heardBefore);
      },
    };
  }

  async function close(): Promise<void> {
    isClosed = true;
    const reason = new TransportError('the transport was closed');
    dialer.stop(reason);
    current?.end(reason, 'close');
    current = undefined;
    await Promise.all(Array.from(alive, ({ closed }) => closed));
  }

  return { send, connect, openStream, close, [Symbol.asyncDispose]: close };
}
