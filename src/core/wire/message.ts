/**
 * What travels between device and edge: a binary request around a whole frame, and a response in JSON text. A frame can
 * also travel chunk by chunk, see chunk-message.ts; its response is the same.
 * docs/wire-format.md, section "Messages", is normative.
 */

import { z } from 'zod';
import { WireFormatError } from '../errors.ts';
import { messageKinds, requestIdOffset, requireRequestId } from './message-header.ts';

/** Bytes of a request before its frame. */
export const requestHeaderBytes = 12;

const version = 1;
const noDeadline = 0xffffffff;

/** A device asks an edge for an answer. */
export interface InferRequest {
  /** Chosen by the device, unique among its open requests; 32 bits, unsigned. */
  readonly requestId: number;
  /** Time left to the device's deadline when it sent this; absent without a deadline. */
  readonly remainingMs?: number;
  readonly frame: Uint8Array;
}

/** Serializes a request. `remainingMs` is rounded down to whole milliseconds. */
export function serializeRequest(request: InferRequest): Uint8Array {
  const { requestId, remainingMs, frame } = request;
  requireRequestId(requestId);
  if (remainingMs !== undefined && !(remainingMs >= 0 && remainingMs < noDeadline)) {
    throw new RangeError(`remainingMs must be 0 to ${noDeadline - 1}, got ${remainingMs}`);
  }
  const bytes = new Uint8Array(requestHeaderBytes + frame.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, messageKinds.wholeFrame);
  view.setUint8(1, version);
  view.setUint32(requestIdOffset, requestId, true);
  view.setUint32(8, remainingMs === undefined ? noDeadline : Math.floor(remainingMs), true);
  bytes.set(frame, requestHeaderBytes);
  return bytes;
}

/**
 * Parses a request. The frame is a view of the bytes and not looked at.
 *
 * @throws {@link WireFormatError} when the bytes are no request of this version.
 */
export function parseRequest(bytes: Uint8Array): InferRequest {
  const invalid = (byteOffset: number, expected: string, got: string): WireFormatError =>
    new WireFormatError('this is not a request', { byteOffset, expected, got });

  if (bytes.length < requestHeaderBytes) {
    throw invalid(bytes.length, `a header of ${requestHeaderBytes} bytes`, `${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = view.getUint8(0);
  if (kind !== messageKinds.wholeFrame) {
    throw invalid(0, `kind ${messageKinds.wholeFrame} (whole frame)`, `kind ${kind}`);
  }
  if (view.getUint8(1) !== version) throw invalid(1, `version ${version}`, `version ${view.getUint8(1)}`);
  if (view.getUint16(2, true) !== 0) throw invalid(2, 'reserved 0', `${view.getUint16(2, true)}`);
  const requestId = view.getUint32(requestIdOffset, true);
  const remainingMs = view.getUint32(8, true);
  const frame = bytes.subarray(requestHeaderBytes);
  return remainingMs === noDeadline ? { requestId, frame } : { requestId, remainingMs, frame };
}

const answerSchema = z.object({
  requestId: z.number(),
  ok: z.literal(true),
  top: z.array(z.object({ label: z.string(), probability: z.number() }).readonly()).readonly(),
  chunks: z.object({ decoded: z.number(), of: z.number() }).readonly(),
  warning: z.string().optional(),
  timeMs: z.object({ queue: z.number(), compute: z.number(), total: z.number() }).readonly(),
});

const refusalSchema = z.object({
  requestId: z.number(),
  ok: z.literal(false),
  error: z.object({ code: z.string(), message: z.string() }).readonly(),
});

const responseSchema = z.discriminatedUnion('ok', [answerSchema.readonly(), refusalSchema.readonly()]);

/** The edge's answer: labels by falling probability, chunks that were whole, a warning when some were not, times in ms. */
export type InferAnswer = Readonly<z.infer<typeof answerSchema>>;

/** The edge's refusal: `code` is an `AecnnErrorCode` or `INTERNAL`. A frame without a readable request has requestId 0. */
export type InferRefusal = Readonly<z.infer<typeof refusalSchema>>;

/** What an edge sends back, as JSON text. */
export type InferResponse = InferAnswer | InferRefusal;

/** Serializes a response as JSON text. */
export function serializeResponse(response: InferResponse): string {
  return JSON.stringify(response);
}

/**
 * Parses a response. Fields that this version does not know are dropped.
 *
 * @throws {@link WireFormatError} when the text is no response.
 */
export function parseResponse(text: string): InferResponse {
  const invalid = (expected: string, got: string): WireFormatError =>
    new WireFormatError('this is not a response', { byteOffset: 0, expected, got });

  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid('JSON', JSON.stringify(text.slice(0, 40)));
  }
  const parsed = responseSchema.safeParse(json);
  if (!parsed.success) throw invalid('the fields of a response', z.prettifyError(parsed.error));
  return parsed.data;
}
