/** `POST /v2/models/{name}[/versions/{version}]/infer`: a frame in, tensors out. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { UsageError, WireFormatError } from '../../core/errors.ts';
import { parseFrameHeader } from '../../core/wire/index.ts';
import type { EdgeModel } from '../edge-model.ts';
import { parseInferRequest } from './infer-request.ts';
import { serializeInferResponse } from './infer-response.ts';
import { errorSchema, inferRequestSchema, inferResponseSchema } from './infer-schema.ts';

/** What the routes of a model have in their path. */
export interface ModelParams {
  readonly name: string;
  readonly version?: string;
}

/** Options of {@link addInferRoute}. */
export interface InferRouteOptions {
  readonly named: (name: string, version?: string) => EdgeModel;
  readonly maxBodyBytes: number;
  /** Follows a request until it is answered: what was accepted is answered before the edge stops. */
  readonly track: <Answer>(answering: Promise<Answer>) => Promise<Answer>;
}

/** Adds the routes; bodies of any content type are read as bytes. */
export async function addInferRoute(app: FastifyInstance, options: InferRouteOptions): Promise<void> {
  const { named, maxBodyBytes, track } = options;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: maxBodyBytes }, (_request, body, done) =>
    done(null, body),
  );

  async function infer(request: FastifyRequest<{ Params: ModelParams }>, reply: FastifyReply): Promise<FastifyReply> {
    const { name, version } = request.params;
    const edgeModel = named(name, version);
    const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
    const oipRequest = parseInferRequest(body, jsonBytesOf(request.headers['inference-header-content-length']));
    const { frame, remainingMs } = oipRequest;
    requireFrameOf(edgeModel, frame);
    const answer = await track(edgeModel.inferLogits({ frame, ...(remainingMs !== undefined && { remainingMs }) }));
    const response = serializeInferResponse(edgeModel.model, oipRequest, answer);
    return reply.headers(response.headers).send(response.body);
  }

  for (const url of ['/v2/models/:name/infer', '/v2/models/:name/versions/:version/infer']) {
    app.post<{ Params: ModelParams }>(
      url,
      {
        schema: {
          summary: 'Answer one frame',
          description:
            'The frame as JSON, as binary data behind the JSON (header Inference-Header-Content-Length), or as the whole body ' +
            '(Inference-Header-Content-Length: 0).',
          tags: ['inference'],
          body: inferRequestSchema,
          response: {
            200: inferResponseSchema,
            400: errorSchema,
            404: errorSchema,
            503: errorSchema,
            504: errorSchema,
          },
        },
        // What comes is bytes, and read above; the schemas are for the documentation.
        validatorCompiler: () => (value) => ({ value }),
        serializerCompiler: () => (value) => JSON.stringify(value),
        bodyLimit: maxBodyBytes,
      },
      infer,
    );
  }
}

function jsonBytesOf(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  const value = typeof header === 'string' && /^\d{1,9}$/.test(header) ? Number(header) : Number.NaN;
  if (Number.isNaN(value)) {
    throw new UsageError(`Inference-Header-Content-Length is the number of bytes of JSON, got "${header}"`);
  }
  return value;
}

/** A frame decodes with its own model's tables only. */
function requireFrameOf({ model: { manifest } }: EdgeModel, frame: Uint8Array): void {
  const { modelId } = parseFrameHeader(frame);
  if (modelId === manifest.modelId) return;
  throw new WireFormatError('the frame is of another model', {
    byteOffset: 0,
    expected: `one of ${manifest.name}, version ${manifest.modelId}`,
    got: `one of version ${modelId}`,
  });
}
