/** A message in, a response out: finds the model of a frame and puts every failure into a refusal. */

import { AecnnError, type AecnnErrorCode, ModelError } from '../core/errors.ts';
import { type InferResponse, parseFrameHeader, parseRequest } from '../core/wire/index.ts';
import type { EdgeModel } from './edge-model.ts';

/** Codes of failures that the sender can mend; others are the edge's own and are reported to `onFault`. */
const senderCodes: ReadonlySet<AecnnErrorCode> = new Set(['WIRE_FORMAT', 'MODEL', 'DEADLINE', 'ENVIRONMENT']);

/** Answers one binary message. Never rejects. */
export type Responder = (message: Uint8Array) => Promise<InferResponse>;

/**
 * Makes a responder for some models.
 *
 * @param onFault - Told every failure that is the edge's own.
 * @throws {@link RangeError} when two models have the same id or name.
 */
export function createResponder(models: readonly EdgeModel[], onFault: (error: unknown) => void): Responder {
  const byId = new Map(models.map((edgeModel) => [edgeModel.model.manifest.modelId, edgeModel]));
  const names = new Set(models.map(({ model }) => model.manifest.name));
  if (byId.size < models.length || names.size < models.length) {
    throw new RangeError('models must differ in id and name');
  }
  const known = models.map(({ model }) => `${model.manifest.modelId} (${model.manifest.name})`).join(', ');

  return async (message) => {
    let requestId = 0;
    try {
      const request = parseRequest(message);
      requestId = request.requestId;
      const { modelId } = parseFrameHeader(request.frame);
      const edgeModel = byId.get(modelId);
      if (edgeModel === undefined) {
        throw new ModelError(`the frame was made for model ${modelId}, this edge serves ${known}`);
      }
      return await edgeModel.infer(request);
    } catch (error) {
      const isOurs = error instanceof AecnnError;
      if (!isOurs || !senderCodes.has(error.code)) onFault(error);
      return refusal(
        requestId,
        isOurs ? error.code : 'INTERNAL',
        isOurs ? error.message : 'the edge failed; see its log',
      );
    }
  };
}

/** Returns the request id of a binary message, 0 when it cannot be read that far. */
export function requestIdOf(message: Uint8Array): number {
  try {
    return parseRequest(message).requestId;
  } catch {
    return 0;
  }
}

/** Makes a refusal. */
export function refusal(requestId: number, code: AecnnErrorCode | 'INTERNAL', message: string): InferResponse {
  return { requestId, ok: false, error: { code, message } };
}
