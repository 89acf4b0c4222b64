/** The door to a WebSocket where it is a global: in browsers, and in any engine that has the same one. */

import { streamProtocol } from '../../core/wire/index.ts';
import { edgeStreamUrl } from '../transport/edge-url.ts';
import type { Socket, SocketEvents } from '../transport/socket.ts';
import { createSocketTransport, type SocketTransportOptions } from '../transport/socket-transport.ts';
import type { Transport } from '../transport/transport.ts';

/** Options of {@link createWebTransport}. */
export type WebTransportOptions = Pick<SocketTransportOptions, 'connectTimeoutMs' | 'probeIntervalMs'>;

/**
 * Round trips before a WebSocket is open: TCP's and that of the request to open it, and TLS 1.3's between them (RFC 8446, 2).
 * A browser does not tell them apart.
 */
const roundTripsToOpen = { 'ws:': 2, 'wss:': 3 } as const;

/**
 * Makes a transport to an edge over a WebSocket.
 *
 * @param edge - Address of the edge, e.g. `https://192.168.0.7:8080`.
 * @throws {@link TransportError} when the address is none.
 */
export function createWebTransport(edge: string, options: WebTransportOptions = {}): Transport {
  return createSocketTransport({ ...options, url: edgeStreamUrl(edge), openSocket: openWebSocket });
}

/** Opens a WebSocket of the page. */
export function openWebSocket(url: string, events: SocketEvents): Socket {
  const startMs = performance.now();
  let socket: WebSocket;
  try {
    socket = new WebSocket(url, streamProtocol);
  } catch (error) {
    // A page over https may open none over http.
    queueMicrotask(() => events.onClose(error instanceof Error ? error.message : String(error)));
    return { send: () => undefined, close: () => undefined, terminate: () => undefined };
  }
  socket.binaryType = 'arraybuffer';
  let isClosed = false;
  const closed = (reason: string): void => {
    if (isClosed) return;
    isClosed = true;
    events.onClose(reason);
  };
  socket.onopen = () => {
    const roundTrips = url.startsWith('wss:') ? roundTripsToOpen['wss:'] : roundTripsToOpen['ws:'];
    events.onOpen((performance.now() - startMs) / roundTrips);
  };
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') events.onText(data);
    else if (data instanceof ArrayBuffer) events.onBinary(new Uint8Array(data));
  };
  socket.onclose = ({ code, reason }) => closed(reason === '' ? `it was closed (code ${code})` : reason);
  return {
    send(messages) {
      for (const bytes of messages) socket.send(new Uint8Array(bytes));
    },
    close: () => socket.close(),
    terminate() {
      // A page cannot cut a connection: it stops to listen, and lets it go.
      socket.onmessage = null;
      socket.close();
      queueMicrotask(() => closed('it was cut'));
    },
  };
}
