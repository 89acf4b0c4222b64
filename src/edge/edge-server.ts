/**
 * The edge as a server: frames over a WebSocket at `/v2/stream`, health and metadata over HTTP.
 *
 * Rests on fastify. The event loop only moves bytes; graphs compute in the worker threads of the runtime, so health is
 * answered while they do. Closing answers every accepted request first, those of which chunks are missing from what is there.
 */

import websocket from '@fastify/websocket';
import Fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance, LogController } from 'fastify';
import type { WebSocket } from 'ws';
import { EnvironmentError } from '../core/errors.ts';
import type { SplitModel } from '../core/model/index.ts';
import type { Runtime } from '../runtime/session.ts';
import { createDeviceConnection, type DeviceConnection } from './device-connection.ts';
import { createEdgeModel, defaultMaxWaiting, type EdgeModel } from './edge-model.ts';
import { nodeEventLoop } from './event-loop.ts';
import { cutSilentClients } from './live-clients.ts';
import { modelMetadata, serverMetadata } from './metadata.ts';
import { createResponder } from './responder.ts';

/** Options of {@link createEdgeServer}. */
export interface EdgeServerOptions {
  /** Models to serve; they differ in id and name. */
  readonly models: readonly SplitModel[];
  /** Should compute in worker threads. */
  readonly runtime: Runtime;
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port?: number;
  /** Where to log; nothing is logged when left out. */
  readonly logger?: FastifyBaseLogger;
  /** Longest message that is accepted, and longest frame in chunks; a longer message closes its connection. */
  readonly maxMessageBytes?: number;
  /** Most requests that may wait for one model; more are refused at once. */
  readonly maxWaiting?: number;
  /** How long to wait for missing chunks of a request that has no deadline. */
  readonly incompleteTimeoutMs?: number;
  /** A device that answers no ping for so long is taken for gone, and its connection is cut. */
  readonly pingIntervalMs?: number;
}

/** Options that {@link createEdgeServer} uses for what is left out. */
export const defaultEdgeServerOptions = {
  host: '127.0.0.1',
  port: 8080,
  maxMessageBytes: 1 << 20,
  maxWaiting: defaultMaxWaiting,
  incompleteTimeoutMs: 10_000,
  pingIntervalMs: 30_000,
} as const;

/** How long a client may take to close its connection when the server stops. */
const clientCloseTimeoutMs = 500;

/** A running edge. */
export interface EdgeServer extends AsyncDisposable {
  /** Address for devices, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Answers what was accepted, refuses what comes later, then closes connections and sessions. */
  close(): Promise<void>;
}

/**
 * Loads the models and starts listening.
 *
 * @throws {@link EnvironmentError} when the port is in use or not permitted, or the host is no address of this machine.
 * @throws {@link ModelError} when a file of a model is missing or damaged.
 */
export async function createEdgeServer(options: EdgeServerOptions): Promise<EdgeServer> {
  const settings = { ...defaultEdgeServerOptions, ...options };
  const { host, port, maxMessageBytes, maxWaiting, incompleteTimeoutMs, pingIntervalMs } = settings;
  const { models, runtime, logger } = options;
  const app = Fastify({
    ...(logger && { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
  });
  const edgeModels: EdgeModel[] = [];
  const connections = new Set<DeviceConnection>();
  let closing: Promise<void> | undefined;
  let url: string;
  let endPings = (): void => undefined;

  try {
    for (const model of models) edgeModels.push(await createEdgeModel(model, runtime, { maxWaiting }));
    const responder = createResponder(edgeModels, (error) => app.log.error(error));
    const connect = (send: (message: string | Uint8Array) => void): DeviceConnection =>
      createDeviceConnection({ responder, loop: nodeEventLoop, maxMessageBytes, incompleteTimeoutMs, send });
    await app.register(websocket, {
      options: { maxPayload: maxMessageBytes, perMessageDeflate: false },
      preClose: (done) => closeClients(app, done),
    });
    // Routes go into a plugin of their own, so that the WebSocket plugin is loaded before them.
    await app.register(async (routes) => {
      addHttpRoutes(routes, models, () => closing === undefined);
      addStream(routes, connect, connections, () => closing !== undefined);
    });
    url = await app.listen({ host, port });
    endPings = cutSilentClients(app.websocketServer, pingIntervalMs);
  } catch (error) {
    await Promise.allSettled([app.close(), ...edgeModels.map((edgeModel) => edgeModel.close())]);
    throw listenError(error, host, port);
  }

  async function stop(): Promise<void> {
    await Promise.all(Array.from(connections, (connection) => connection.finish()));
    endPings();
    await app.close();
    await Promise.all(edgeModels.map((edgeModel) => edgeModel.close()));
  }
  function close(): Promise<void> {
    closing ??= stop();
    return closing;
  }
  return { url, close, [Symbol.asyncDispose]: close };
}

function addStream(
  routes: FastifyInstance,
  connect: (send: (message: string | Uint8Array) => void) => DeviceConnection,
  connections: Set<DeviceConnection>,
  isClosing: () => boolean,
): void {
  routes.get('/v2/stream', { websocket: true }, (socket: WebSocket) => {
    const connection = connect((message) => {
      if (socket.readyState === socket.OPEN) socket.send(message);
    });
    connections.add(connection);
    if (isClosing()) void connection.finish();
    socket.on('error', (error) => routes.log.warn(error));
    socket.on('message', (data, isBinary) => connection.receive(data, isBinary));
    socket.on('close', () => {
      connections.delete(connection);
      connection.drop();
    });
  });
}

function addHttpRoutes(routes: FastifyInstance, models: readonly SplitModel[], isReady: () => boolean): void {
  const manifests = new Map(models.map(({ manifest }) => [manifest.name, manifest]));
  const server = serverMetadata();
  const known = [...manifests.keys()].join(', ');

  routes.get('/v2', async () => server);
  routes.get('/v2/health/live', async () => ({ live: true }));
  routes.get('/v2/health/ready', async (_request, reply) => {
    const ready = isReady();
    return reply.code(ready ? 200 : 503).send({ ready });
  });
  routes.get<{ Params: { name: string } }>('/v2/models/:name', async (request, reply) => {
    const manifest = manifests.get(request.params.name);
    if (manifest !== undefined) return modelMetadata(manifest);
    return reply.code(404).send({ error: `there is no model "${request.params.name}", this edge serves ${known}` });
  });
  routes.setNotFoundHandler(async (request, reply) =>
    reply.code(404).send({ error: `there is nothing at ${request.method} ${request.url}; see GET /v2` }),
  );
  routes.setErrorHandler(async (error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) request.log.error(error);
    return reply.code(status).send({ error: status >= 500 ? 'the edge failed; see its log' : error.message });
  });
}

/** Asks every client to close, and cuts those that do not in time. */
function closeClients(app: FastifyInstance, done: () => void): void {
  const { clients } = app.websocketServer;
  for (const client of clients) client.close(1001, 'the edge stops');
  const timer = setTimeout(() => {
    for (const client of clients) client.terminate();
  }, clientCloseTimeoutMs);
  app.websocketServer.close(() => clearTimeout(timer));
  done();
}

function listenError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const options = { cause: error };
  switch (code) {
    case 'EADDRINUSE':
      return new EnvironmentError(
        `port ${port} on ${host} is in use: stop the program that listens there, or choose another --port (0 takes any free one)`,
        options,
      );
    case 'EACCES':
      return new EnvironmentError(
        `listening on port ${port} of ${host} is not permitted: choose a --port of 1024 or above`,
        options,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new EnvironmentError(
        `${host} is no address of this machine: choose another --host, e.g. 127.0.0.1`,
        options,
      );
    default:
      return error;
  }
}
