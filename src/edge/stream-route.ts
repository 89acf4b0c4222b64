/**
 * `GET /v2/stream`: a WebSocket for many frames, whole or chunk by chunk; docs/wire-format.md, section "Messages".
 *
 * Device and edge agree on the version of the messages when they connect, by the WebSocket's subprotocol (RFC 6455, 1.9).
 */

import type { FastifyInstance } from 'fastify';
import type { WebSocket } from 'ws';
import { streamProtocol } from '../core/wire/index.ts';
import type { DeviceConnection } from './device-connection.ts';

/** Options of {@link addStreamRoute}. */
export interface StreamRouteOptions {
  /** Makes the edge's side of a connection. */
  readonly connect: (send: (message: string | Uint8Array) => void) => DeviceConnection;
  /** Those that are open. */
  readonly connections: Set<DeviceConnection>;
  readonly maxConnections: number;
  readonly isClosing: () => boolean;
  readonly onChange: (change: 1 | -1) => void;
}

/** WebSocket close codes (RFC 6455, 7.4.1). */
const closeCodes = { protocolError: 1002, tryAgainLater: 1013 } as const;

/**
 * The subprotocol of a connection, for ws: ours when the device offers it. A device that offers only others gets none, and is
 * told why when it is connected.
 */
export const chooseProtocol = (offered: ReadonlySet<string>): string | false =>
  offered.has(streamProtocol) ? streamProtocol : false;

/** Adds the route. */
export function addStreamRoute(app: FastifyInstance, options: StreamRouteOptions): void {
  const { connect, connections, maxConnections, isClosing, onChange } = options;
  app.get('/v2/stream', { websocket: true, schema: { hide: true } }, (socket: WebSocket, request) => {
    socket.on('error', (error) => request.log.warn(error));
    const offered = request.headers['sec-websocket-protocol'];
    if (offered !== undefined && socket.protocol !== streamProtocol) {
      socket.close(
        closeCodes.protocolError,
        `this edge speaks ${streamProtocol}, the device offers ${offered}`.slice(0, 120),
      );
      return;
    }
    if (connections.size >= maxConnections) {
      socket.close(closeCodes.tryAgainLater, `${connections.size} devices are connected: try again later`);
      return;
    }
    const connection = connect((message) => {
      if (socket.readyState === socket.OPEN) socket.send(message);
    });
    connections.add(connection);
    onChange(1);
    if (isClosing()) void connection.finish();
    socket.on('message', (data, isBinary) => connection.receive(data, isBinary));
    socket.on('close', () => {
      connections.delete(connection);
      onChange(-1);
      connection.drop();
    });
  });
}
