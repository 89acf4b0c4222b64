/** A frame in, a response out: finds the model of a frame and puts every failure into a refusal. */

import { AecnnError, type AecnnErrorCode, ModelError } from '../core/errors.ts';
import {
  type InferRefusal,
  type InferRequest,
  type InferResponse,
  parseFrameHeader,
  parseRequest,
} from '../core/wire/index.ts';
import type { FrameAnswerer } from './edge-model.ts';

/** Codes of failures that the sender can mend; others are the edge's own and are reported to `onFault`. */
const senderCodes: ReadonlySet<AecnnErrorCode> = new Set(['WIRE_FORMAT', 'MODEL', 'DEADLINE', 'ENVIRONMENT']);

/** Answers frames for all connections of an edge. */
export interface Responder {
  /** Answers one message with a whole frame. Never rejects. */
  respond(message: Uint8Array): Promise<InferResponse>;
  /**
   * Returns the model that a frame was made for.
   *
   * @throws {@link ModelError} when this edge does not serve it.
   */
  modelOf(modelId: string): FrameAnswerer;
  /** Puts a failure into a refusal; one that is the edge's own is reported, and told without its details when it is a bug. */
  refusalFor(requestId: number, error: unknown): InferRefusal;
}

/**
 * Makes a responder.
 *
 * @param models - The models that answer now, which differ in their ids.
 * @param onFault - Told every failure that is the edge's own.
 */
export function createResponder(models: () => readonly FrameAnswerer[], onFault: (error: unknown) => void): Responder {
  function modelOf(modelId: string): FrameAnswerer {
    const answerer = models().find(({ model }) => model.manifest.modelId === modelId);
    if (answerer !== undefined) return answerer;
    const known = models().map(({ model }) => `${model.manifest.modelId} (${model.manifest.name})`);
    throw new ModelError(
      `the frame was made for model ${modelId}, this edge serves ${known.length > 0 ? known.join(', ') : 'none'}`,
    );
  }

  function refusalFor(requestId: number, error: unknown): InferRefusal {
    const isOurs = error instanceof AecnnError;
    if (!isOurs || !senderCodes.has(error.code)) onFault(error);
    return isOurs
      ? refusal(requestId, error.code, error.message)
      : refusal(requestId, 'INTERNAL', 'the edge failed; see its log');
  }

  async function respond(message: Uint8Array): Promise<InferResponse> {
    let request: InferRequest;
    try {
      request = parseRequest(message);
    } catch (error) {
      return refusalFor(0, error);
    }
    try {
      return await modelOf(parseFrameHeader(request.frame).modelId).infer(request);
    } catch (error) {
      return refusalFor(request.requestId, error);
    }
  }

  return { respond, modelOf, refusalFor };
}

/** Returns the request id of a message with a whole frame, 0 when it cannot be read that far. */
export function requestIdOf(message: Uint8Array): number {
  try {
    return parseRequest(message).requestId;
  } catch {
    return 0;
  }
}

/** Makes a refusal. */
export function refusal(requestId: number, code: AecnnErrorCode | 'INTERNAL', message: string): InferRefusal {
  return { requestId, ok: false, error: { code, message } };
}
