/** What an edge says of itself and its models over HTTP, and who may load and unload them. */

import bearerAuth from '@fastify/bearer-auth';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { modelMetadata, serverMetadata } from './metadata.ts';
import type { EdgeMetrics } from './metrics.ts';
import type { ModelRepository } from './model-repository.ts';
import type { ModelParams } from './oip/infer-route.ts';
import { errorSchema } from './oip/infer-schema.ts';

/** Options of {@link addServiceRoutes}. */
export interface ServiceRoutesOptions {
  readonly repository: ModelRepository;
  readonly metrics: EdgeMetrics;
  /** Whether the edge takes requests. */
  readonly isReady: () => boolean;
}

/** Of one address: who tries tokens shall not try many. */
const mostRepositoryRequestsPerSecond = 10;

const tensorSchema = z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.int()) });
const readySchema = z.object({ ready: z.boolean() });
const health = { tags: ['health'] };
const models = { tags: ['models'] };

/** Adds health, metadata and metrics. */
export async function addServiceRoutes(app: FastifyInstance, options: ServiceRoutesOptions): Promise<void> {
  const { repository, metrics, isReady } = options;
  const server = serverMetadata();

  app.get(
    '/v2',
    {
      schema: {
        ...health,
        summary: 'What this server is',
        response: {
          200: z.object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) }),
        },
      },
    },
    async () => server,
  );
  app.get(
    '/v2/health/live',
    { schema: { ...health, summary: 'Whether it runs', response: { 200: z.object({ live: z.boolean() }) } } },
    async () => ({ live: true }),
  );
  app.get(
    '/v2/health/ready',
    {
      schema: {
        ...health,
        summary: 'Whether it takes frames for all its models',
        response: { 200: readySchema, 503: readySchema },
      },
    },
    async (_request, reply) => {
      const ready = isReady() && repository.isReady();
      return reply.code(ready ? 200 : 503).send({ ready });
    },
  );
  for (const path of ['/v2/models/:name', '/v2/models/:name/versions/:version']) {
    app.get<{ Params: ModelParams }>(
      path,
      {
        schema: {
          ...models,
          summary: 'Inputs and outputs of a model',
          response: {
            200: z.object({
              name: z.string(),
              versions: z.array(z.string()),
              platform: z.string(),
              inputs: z.array(tensorSchema),
              outputs: z.array(tensorSchema),
            }),
            404: errorSchema,
          },
        },
      },
      async ({ params: { name, version } }) => {
        const { manifest } = repository.named(name, version).model;
        const versions = repository.ready().filter(({ model }) => model.manifest.name === name);
        return modelMetadata(
          manifest,
          versions.map(({ model }) => model.manifest.modelId),
        );
      },
    );
    app.get<{ Params: ModelParams }>(
      `${path}/ready`,
      { schema: { ...models, summary: 'Whether a model answers', response: { 200: readySchema, 404: errorSchema } } },
      async ({ params: { name, version } }) => {
        repository.named(name, version);
        return { ready: true };
      },
    );
  }
  app.get(
    '/metrics',
    { schema: { tags: ['metrics'], summary: 'Metrics for Prometheus', produces: ['text/plain'] } },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  );
}

/**
 * Adds the routes that change what is served.
 *
 * @param token - Whoever has it may; without one nobody may.
 */
export async function addRepositoryRoutes(
  app: FastifyInstance,
  { repository, token }: { readonly repository: ModelRepository; readonly token: string | undefined },
): Promise<void> {
  const repositoryTag = { tags: ['repository'], security: [{ bearer: [] }] };
  // Before the token is looked at: limits of routes count only what has passed it.
  app.addHook('onRequest', app.rateLimit({ max: mostRepositoryRequestsPerSecond, timeWindow: 1000 }));
  if (token === undefined) {
    app.addHook('onRequest', async (_request, reply) =>
      reply.code(403).send({
        error: 'models are loaded and unloaded by whoever has the token: start the edge with --token',
        code: 'UNAUTHORIZED',
      }),
    );
  } else {
    await app.register(bearerAuth, {
      keys: new Set([token]),
      errorResponse: ({ message }) => ({
        error: `${message}: send "Authorization: Bearer <token>"`,
        code: 'UNAUTHORIZED',
      }),
    });
  }
  app.post(
    '/v2/repository/index',
    {
      schema: {
        ...repositoryTag,
        summary: 'All models, those that do not answer too',
        response: {
          200: z.array(
            z.object({ name: z.string(), version: z.string(), state: z.string(), reason: z.string().optional() }),
          ),
        },
      },
    },
    async () => repository.states(),
  );
  for (const what of ['load', 'unload'] as const) {
    app.post<{ Params: ModelParams }>(
      `/v2/repository/models/:name/${what}`,
      {
        schema: {
          ...repositoryTag,
          summary: what === 'load' ? 'Read a model anew from disk' : 'Take a model out of service',
          response: { 200: z.object({}), 404: errorSchema },
        },
      },
      async ({ params: { name } }) => {
        await repository[what](name);
        return {};
      },
    );
  }
}
