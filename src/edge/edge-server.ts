/**
 * The edge as a server: frames over a WebSocket and over HTTP, health, metadata, metrics and documentation over HTTP.
 *
 *     stream-route ──► device-connection ──► chunk-assembler ──► responder ──┐
 *                                                                            ├─► model-repository ─► edge-model ─► batch-queue
 *     oip/infer-route ───────────────────────────────────────────────────────┤
 *     web/web-routes ──► picture-desk ──► picture-answerer ──────────────────┘
 *
 * Rests on fastify. The event loop only moves bytes and decodes frames; graphs compute in the worker threads of the runtime,
 * so health is answered while they do. Closing answers every accepted request first, those of which chunks are missing from
 * what is there.
 */

import helmet, { type FastifyHelmetOptions } from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { EnvironmentError } from '../core/errors.ts';
import type { Runtime } from '../runtime/session.ts';
import { createDeviceConnection, type DeviceConnection } from './device-connection.ts';
import { createEdgeModel, defaultMaxBatch, defaultMaxWaiting } from './edge-model.ts';
import { nodeEventLoop } from './event-loop.ts';
import { answerErrors } from './http-errors.ts';
import { cutSilentClients } from './live-clients.ts';
import { serverMetadata } from './metadata.ts';
import { createEdgeMetrics } from './metrics.ts';
import { createModelRepository, type ModelRepository, type ModelSource } from './model-repository.ts';
import { addInferRoute } from './oip/infer-route.ts';
import { createResponder } from './responder.ts';
import { addRepositoryRoutes, addServiceRoutes } from './service-routes.ts';
import { addStreamRoute, chooseProtocol } from './stream-route.ts';
import type { TlsCertificate } from './tls.ts';
import { addWebRoutes, type WebFolders } from './web/web-routes.ts';

/** Options of {@link createEdgeServer}. */
export interface EdgeServerOptions {
  /** Models to serve; they differ in their ids. */
  readonly models: readonly ModelSource[];
  /** Should compute in worker threads. */
  readonly runtime: Runtime;
  /** Address to listen on: that of one network, or `0.0.0.0` for all. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port?: number;
  /** Where to log; nothing is logged when left out. */
  readonly logger?: FastifyBaseLogger;
  /** Serves over TLS. */
  readonly tls?: TlsCertificate;
  /** Who has it may load and unload models; nobody may when left out. */
  readonly token?: string;
  /** Longest message or body that is accepted, and longest frame in chunks; a longer message closes its connection. */
  readonly maxMessageBytes?: number;
  /** Most requests that may wait for one model; more are refused at once. */
  readonly maxWaiting?: number;
  /** Most frames that are computed together. */
  readonly maxBatch?: number;
  /** Batches of a model that are computed at once, see {@link EdgeModelOptions.sessions}. */
  readonly sessions?: number;
  /** Most devices that are connected; more are told to try again later. */
  readonly maxConnections?: number;
  /** Most HTTP requests of one address in a second; more are refused. */
  readonly maxHttpRequestsPerSecond?: number;
  /** Serves the page of a device in a browser; none when left out. */
  readonly web?: WebFolders;
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
  maxBatch: defaultMaxBatch,
  sessions: 1,
  maxConnections: 1000,
  maxHttpRequestsPerSecond: 500,
  incompleteTimeoutMs: 10_000,
  pingIntervalMs: 30_000,
} as const;

/** How long a client may take to close its connection when the server stops. */
const clientCloseTimeoutMs = 500;

/** A running edge. */
export interface EdgeServer extends AsyncDisposable {
  /** Address for devices, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Its models, to look at and to change. */
  readonly repository: Pick<ModelRepository, 'states' | 'load' | 'unload'>;
  /** Answers what was accepted, refuses what comes later, then closes connections and sessions. */
  close(): Promise<void>;
}

/**
 * Loads the models and starts listening.
 *
 * @throws {@link EnvironmentError} when the port is in use or not permitted, or the host is no address of this machine.
 * @throws {@link ModelError} when a file of a model is missing or damaged, or two are the same model.
 */
export async function createEdgeServer(options: EdgeServerOptions): Promise<EdgeServer> {
  const settings = { ...defaultEdgeServerOptions, ...options };
  const { host, port, runtime, maxMessageBytes, maxWaiting, maxBatch, sessions, incompleteTimeoutMs } = settings;
  const app: FastifyInstance = Fastify({
    ...(settings.logger && { loggerInstance: settings.logger }),
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    // The types of fastify know plain servers and those over TLS, not one that may be either.
    ...(settings.tls && ({ https: settings.tls } as object)),
  });
  const metrics = createEdgeMetrics();
  const connections = new Set<DeviceConnection>();
  /** Requests over HTTP that were accepted and are not answered. */
  const answering = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;
  let url: string;
  let endPings = (): void => undefined;
  let repository: ModelRepository | undefined;

  const track = <Answer>(answer: Promise<Answer>): Promise<Answer> => {
    const done = answer.finally(() => answering.delete(done));
    answering.add(done);
    return done;
  };

  try {
    const models = await createModelRepository({
      sources: settings.models,
      open: async (model) => {
        const { name } = model.manifest;
        const onBatch = (size: number): void => metrics.batch(name, size);
        return metrics.observe(await createEdgeModel(model, runtime, { maxWaiting, maxBatch, sessions, onBatch }));
      },
    });
    repository = models;
    const responder = createResponder(models.ready, (error) => app.log.error(error));
    const isClosing = (): boolean => closing !== undefined;
    answerErrors(app, metrics.refusal);
    await addPlugins(app, settings, maxMessageBytes);
    // Routes go into plugins of their own, so that the plugins above are loaded before them.
    await app.register(addServiceRoutes, { repository: models, metrics, isReady: () => !isClosing() });
    await app.register(addRepositoryRoutes, { repository: models, token: settings.token });
    await app.register(addInferRoute, {
      maxBodyBytes: maxMessageBytes,
      named(name, version) {
        if (isClosing()) throw new EnvironmentError('the edge is shutting down');
        return models.named(name, version);
      },
      track,
    });
    await app.register(async (routes) =>
      addStreamRoute(routes, {
        connect: (send) =>
          createDeviceConnection({
            responder,
            loop: nodeEventLoop,
            maxMessageBytes,
            incompleteTimeoutMs,
            send,
            onRefusal: metrics.refusal,
          }),
        connections,
        maxConnections: settings.maxConnections,
        isClosing,
        onChange: metrics.connections,
      }),
    );
    const { web } = settings;
    if (web !== undefined) {
      await app.register(addWebRoutes, {
        folders: web,
        ready: models.ready,
        runtime,
        maxPictureBytes: maxMessageBytes,
        track,
      });
    }
    url = await app.listen({ host, port });
    endPings = cutSilentClients(app.websocketServer, settings.pingIntervalMs);
  } catch (error) {
    await Promise.allSettled([app.close(), repository?.close()]);
    metrics.close();
    throw listenError(error, host, port);
  }

  async function stop(): Promise<void> {
    await Promise.all(Array.from(connections, (connection) => connection.finish()));
    await Promise.allSettled(answering);
    endPings();
    await app.close();
    await repository?.close();
    metrics.close();
  }
  function close(): Promise<void> {
    closing ??= stop();
    return closing;
  }
  return { url, repository, close, [Symbol.asyncDispose]: close };
}

/** What all routes share: headers, limits, documentation and the WebSocket. */
async function addPlugins(
  app: FastifyInstance,
  { tls, maxHttpRequestsPerSecond }: Pick<EdgeServerOptions, 'tls'> & { readonly maxHttpRequestsPerSecond: number },
  maxMessageBytes: number,
): Promise<void> {
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  await app.register(helmet, securityHeaders(tls !== undefined));
  await app.register(rateLimit, { max: maxHttpRequestsPerSecond, timeWindow: 1000 });
  await app.register(swagger, {
    openapi: {
      info: { title: 'AECNN edge', description: 'Open Inference Protocol v2.', version: serverMetadata().version },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
    transform: jsonSchemaTransform,
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
  await app.register(websocket, {
    options: { maxPayload: maxMessageBytes, perMessageDeflate: false, handleProtocols: chooseProtocol },
    preClose: (done) => closeClients(app, done),
  });
}

/** Helmet's headers, as far as a page that computes in WebAssembly threads and plays a camera lets them be. */
function securityHeaders(isSecure: boolean): FastifyHelmetOptions {
  return {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'", "'wasm-unsafe-eval'", 'blob:'],
        workerSrc: ["'self'", 'blob:'],
        imgSrc: ["'self'", 'data:', 'blob:'],
        mediaSrc: ["'self'", 'blob:'],
        connectSrc: ["'self'", 'ws:', 'wss:', 'blob:'],
        styleSrc: ["'self'", "'unsafe-inline'"],
        // A browser would ask for https where there is none.
        upgradeInsecureRequests: isSecure ? [] : null,
      },
    },
    // It would be the whole host's, whatever else is served there.
    hsts: false,
    // With the opener policy that helmet sets anyway, what threads need.
    crossOriginEmbedderPolicy: true,
  };
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
