/** Failures over HTTP: one small JSON for all of them, and the status that goes with each kind. */

import type { FastifyError, FastifyInstance } from 'fastify';
import { AecnnError, type AecnnErrorCode } from '../core/errors.ts';

/** What is told of a failure. */
export interface ErrorBody {
  /** What went wrong, and what to do. */
  readonly error: string;
  /** The kind, as in `AecnnError.code`; `NOT_FOUND`, `UNAUTHORIZED`, `TOO_MANY` and `INTERNAL` beside those. */
  readonly code: string;
}

/** Those that are not here are the edge's own. */
const statusOf: Partial<Readonly<Record<AecnnErrorCode, number>>> = {
  WIRE_FORMAT: 400,
  USAGE: 400,
  IMAGE: 400,
  MODEL: 404,
  ENVIRONMENT: 503,
  DEADLINE: 504,
};

const codeOfStatus: Readonly<Record<number, string>> = {
  401: 'UNAUTHORIZED',
  403: 'UNAUTHORIZED',
  404: 'NOT_FOUND',
  413: 'WIRE_FORMAT',
  429: 'TOO_MANY',
};

/** What to answer to a failure. */
function errorReply(error: unknown): { readonly status: number; readonly body: ErrorBody } {
  if (error instanceof AecnnError) {
    const status = statusOf[error.code] ?? 500;
    return { status, body: { error: error.message, code: error.code } };
  }
  const status = (error as Partial<FastifyError>).statusCode ?? 500;
  if (status >= 500) return { status, body: { error: 'the edge failed; see its log', code: 'INTERNAL' } };
  const message = error instanceof Error ? error.message : String(error);
  return { status, body: { error: message, code: codeOfStatus[status] ?? 'USAGE' } };
}

/**
 * Has all routes answer failures alike, those that are not there too.
 *
 * @param onRefusal - Told the code of every failure that is answered.
 */
export function answerErrors(app: FastifyInstance, onRefusal: (code: string) => void): void {
  app.setErrorHandler(async (error, request, reply) => {
    const { status, body } = errorReply(error);
    if (status === 500) request.log.error(error);
    onRefusal(body.code);
    return reply.code(status).send(body);
  });
  app.setNotFoundHandler(async (request, reply) => {
    const body: ErrorBody = {
      error: `there is nothing at ${request.method} ${request.url}; see GET /docs`,
      code: 'NOT_FOUND',
    };
    onRefusal(body.code);
    return reply.code(404).send(body);
  });
}
