/** The door to a WebSocket in Node, over ws: Node 20 has none of its own. */

import { WebSocket } from 'ws';
import { edgeStreamUrl } from './edge-url.ts';
import { createSocketTransport, defaultConnectTimeoutMs, type Socket, type SocketEvents } from './socket-transport.ts';
import type { Transport } from './transport.ts';

/** Options of {@link createNodeTransport}. */
export interface NodeTransportOptions {
  /** How long a connection may take to be made; 3 seconds when left out. */
  readonly connectTimeoutMs?: number;
}

/** Longest response that is accepted. */
const maxResponseBytes = 1 << 20;

/** How long the closing handshake may take before the connection is cut. */
const closeTimeoutMs = 500;

/**
 * Makes a transport to an edge over a WebSocket.
 *
 * @param edge - Address of the edge, e.g. `http://127.0.0.1:8080`.
 * @throws {@link TransportError} when the address is none.
 */
export function createNodeTransport(edge: string, options: NodeTransportOptions = {}): Transport {
  const { connectTimeoutMs = defaultConnectTimeoutMs } = options;
  return createSocketTransport({ url: edgeStreamUrl(edge), openSocket, connectTimeoutMs });
}

function openSocket(url: string, events: SocketEvents): Socket {
  const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: maxResponseBytes });
  let failure: string | undefined;
  socket.on('open', () => events.onOpen());
  socket.on('message', (data) => events.onText(data.toString()));
  socket.on('error', (error) => {
    failure = describe(error);
  });
  socket.on('close', (code) => events.onClose(failure ?? `it was closed (code ${code})`));
  return {
    send: (bytes) => socket.send(bytes),
    close() {
      socket.close();
      setTimeout(() => socket.terminate(), closeTimeoutMs).unref();
    },
  };
}

/** An error of several attempts (IPv4, IPv6) has an empty message of its own. */
function describe(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((e: Error) => e.message).join(', ');
  return error.message;
}
