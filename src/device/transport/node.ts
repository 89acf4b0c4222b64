/** The door to a WebSocket in Node, over ws: Node 20 has none of its own. */

import type { Socket as NetSocket } from 'node:net';
import { WebSocket } from 'ws';
import { streamProtocol } from '../../core/wire/index.ts';
import { edgeStreamUrl } from './edge-url.ts';
import type { Socket, SocketEvents } from './socket.ts';
import { createSocketTransport, type SocketTransportOptions } from './socket-transport.ts';
import type { Transport } from './transport.ts';

/** Options of {@link createNodeTransport}. */
export type NodeTransportOptions = Pick<SocketTransportOptions, 'connectTimeoutMs' | 'probeIntervalMs'>;

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
  return createSocketTransport({ ...options, url: edgeStreamUrl(edge), openSocket });
}

function openSocket(url: string, events: SocketEvents): Socket {
  let stream: NetSocket | undefined;
  let requestedMs = performance.now();
  const socket = new WebSocket(url, streamProtocol, {
    perMessageDeflate: false,
    maxPayload: maxResponseBytes,
    finishRequest(request) {
      request.once('socket', (opened) => {
        stream = opened;
        // The request to open the WebSocket leaves when TCP is connected, or, where there is TLS, when that is.
        for (const event of ['connect', 'secureConnect']) {
          opened.once(event, () => {
            requestedMs = performance.now();
          });
        }
      });
      request.end();
    },
  });
  let failure: string | undefined;
  let closeTimer: NodeJS.Timeout | undefined;
  socket.on('open', () => events.onOpen(performance.now() - requestedMs));
  socket.on('message', (data, isBinary) => {
    // As ws gives them unless told otherwise: one buffer a message.
    const bytes = data as Buffer;
    if (isBinary) events.onBinary(bytes);
    else events.onText(bytes.toString());
  });
  socket.on('error', (error) => {
    failure = describe(error);
  });
  socket.on('close', (code) => {
    clearTimeout(closeTimer);
    events.onClose(failure ?? `it was closed (code ${code})`);
  });
  return {
    send(messages) {
      // One write for all that is sent in this turn. ws has switched off TCP's own waiting for more (TCP_NODELAY).
      stream?.cork();
      for (const bytes of messages) socket.send(bytes);
      process.nextTick(() => stream?.uncork());
    },
    close() {
      if (socket.readyState === WebSocket.CLOSED) return;
      socket.close();
      closeTimer ??= setTimeout(() => socket.terminate(), closeTimeoutMs).unref();
    },
    terminate: () => socket.terminate(),
  };
}

/** Errors of ws in our words; one of several attempts (IPv4, IPv6) has an empty message of its own. */
function describe(error: Error): string {
  if (error.message === 'Server sent no subprotocol')
    return `it does not speak ${streamProtocol}: use the same version on both`;
  if (error instanceof AggregateError) return error.errors.map((e: Error) => e.message).join(', ');
  return error.message;
}
