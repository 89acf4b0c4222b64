/**
 * Puts the chunk messages of one connection together to frames, and has each of them answered once: at once when all its
 * chunks are there, and otherwise from those that arrived, as late as an answer can still leave in time.
 * docs/wire-format.md, section "Messages", is normative.
 *
 * The twist: nothing but completeness is judged before the turn of the event loop ends. Chunks that arrive together are
 * acknowledged together, and none is left out of an answer because it was handled after the others.
 */

import { DeadlineError, EnvironmentError, WireFormatError } from '../core/errors.ts';
import {
  type Acknowledgement,
  type ChunkMessage,
  type InferResponse,
  parseChunkMessage,
  parseFrameHeader,
} from '../core/wire/index.ts';
import type { FrameAnswerer } from './edge-model.ts';
import type { EventLoop } from './event-loop.ts';
import type { Responder } from './responder.ts';

/** Most requests of one connection that may be open; more are refused at once. */
export const maxOpenRequests = 64;
/** Answered requests that are remembered, so that their late chunks are not taken for nonsense. */
const rememberedRequests = 256;
/** Timers are no finer than this: what is due within it is due now. */
const timerResolutionMs = 1;

/** Options of {@link createChunkAssembler}. */
export interface ChunkAssemblerOptions {
  readonly responder: Pick<Responder, 'modelOf' | 'refusalFor'>;
  readonly loop: EventLoop;
  /** Longest frame that is put together. */
  readonly maxFrameBytes: number;
  /** How long to wait for the chunks of a request without a deadline. */
  readonly incompleteTimeoutMs: number;
  readonly sendResponse: (response: InferResponse) => void;
  readonly sendAcknowledgement: (acknowledgement: Acknowledgement) => void;
}

/** Assembles the frames of one connection. */
export interface ChunkAssembler {
  /** Takes one chunk message, or bytes that should be one. */
  receive(message: Uint8Array): void;
  /** Answers every open request from the chunks that it has, and refuses new ones; resolves when all are answered. */
  finish(): Promise<void>;
  /** The connection is gone: forgets every request and stops every timer. */
  drop(): void;
}

/** A request that has not been answered yet. */
interface OpenRequest {
  readonly requestId: number;
  readonly model: FrameAnswerer;
  readonly chunksAnnounced: number;
  /** Copies: a view of a message would keep the whole block alive that was read from the network. */
  readonly parts: Uint8Array[];
  /** Chunks that have come, those too late for the answer included. */
  arrived: number;
  frameBytes: number;
  /** When to answer from what there is, without a deadline. */
  readonly giveUpAtMs: number;
  /** When the answer must leave; `Infinity` without a deadline. */
  answerByMs: number;
  isComputing: boolean;
  cancelTimer: () => void;
}

/** Makes an assembler for one connection. */
export function createChunkAssembler(options: ChunkAssemblerOptions): ChunkAssembler {
  const { responder, loop, maxFrameBytes, incompleteTimeoutMs, sendResponse, sendAcknowledgement } = options;
  const open = new Map<number, OpenRequest>();
  /** Requests that got their response, and how many chunks of each have come by now; `undefined` for those that were refused. */
  const answered = new Map<number, number | undefined>();
  const computing = new Set<Promise<void>>();
  /** Requests that got chunks in this turn of the event loop. */
  const touched = new Set<number>();
  let isFinishing = false;

  function receive(bytes: Uint8Array): void {
    let message: ChunkMessage;
    try {
      message = parseChunkMessage(bytes);
    } catch (error) {
      // It could not be read far enough to be about any request.
      sendResponse(responder.refusalFor(0, error));
      return;
    }
    const { requestId, index } = message;
    try {
      const request = open.get(requestId) ?? (index === 0 ? begin(message) : undefined);
      if (request !== undefined) append(request, message);
      else if (answered.get(requestId) !== undefined) answered.set(requestId, index + 1);
      else if (answered.has(requestId)) return;
      else throw misplaced(0, index);
      if (touched.size === 0) loop.atEndOfTurn(endTurn);
      touched.add(requestId);
    } catch (error) {
      settle(requestId, responder.refusalFor(requestId, error));
    }
  }

  /** Opens a request with its first chunk, which `append` then takes. */
  function begin({ requestId, bytes }: ChunkMessage): OpenRequest {
    if (isFinishing) throw new EnvironmentError('the edge is shutting down');
    if (open.size >= maxOpenRequests) {
      throw new EnvironmentError(`${open.size} requests of this connection are open. Wait for their answers first`);
    }
    const { modelId, chunksAnnounced } = parseFrameHeader(bytes);
    const request: OpenRequest = {
      requestId,
      model: responder.modelOf(modelId),
      chunksAnnounced,
      parts: [],
      arrived: 0,
      frameBytes: 0,
      giveUpAtMs: loop.now() + incompleteTimeoutMs,
      answerByMs: Number.POSITIVE_INFINITY,
      isComputing: false,
      cancelTimer: () => undefined,
    };
    open.set(requestId, request);
    answered.delete(requestId);
    return request;
  }

  function append(request: OpenRequest, { index, remainingMs, bytes }: ChunkMessage): void {
    if (index !== request.arrived) throw misplaced(request.arrived, index);
    request.arrived++;
    // Its answer is on its way: the chunk came too late for it.
    if (request.isComputing) return;
    if (request.frameBytes + bytes.length > maxFrameBytes) throw tooLong(request.frameBytes + bytes.length);
    request.parts.push(bytes.slice());
    request.frameBytes += bytes.length;
    if (remainingMs !== undefined) request.answerByMs = Math.min(request.answerByMs, loop.now() + remainingMs);
    if (request.parts.length === request.chunksAnnounced) compute(request);
  }

  function endTurn(): void {
    for (const requestId of touched) {
      const request = open.get(requestId);
      if (request !== undefined && !request.isComputing) computeWhenDue(request);
      // Late ones too: the device learns from them what its link does.
      const chunks = open.get(requestId)?.arrived ?? answered.get(requestId);
      if (chunks !== undefined) sendAcknowledgement({ requestId, chunks });
    }
    touched.clear();
  }

  /** Looks again when the timer fires: other requests may have been answered sooner than expected meanwhile. */
  function computeWhenDue(request: OpenRequest): void {
    request.cancelTimer();
    const { answerByMs, giveUpAtMs, model } = request;
    const dueMs = Number.isFinite(answerByMs) ? answerByMs - model.expectedComputeMs(answerByMs) : giveUpAtMs;
    const waitMs = dueMs - loop.now();
    if (waitMs < timerResolutionMs) compute(request);
    else request.cancelTimer = loop.after(waitMs, () => computeWhenDue(request));
  }

  /** Answers from the chunks that are there, unless it is too late for it. */
  function compute(request: OpenRequest): void {
    const { requestId, parts, frameBytes, answerByMs } = request;
    request.isComputing = true;
    request.cancelTimer();
    const remainingMs = answerByMs - loop.now();
    if (remainingMs <= 0) {
      settle(requestId, responder.refusalFor(requestId, tooLate(request, remainingMs)));
      return;
    }
    const deadline = Number.isFinite(remainingMs) ? { remainingMs } : {};
    const frame = concatenate(parts, frameBytes);
    // Through the model that it was accepted for, which may have been taken out of service since.
    const answer = request.model.infer({ requestId, frame, ...deadline });
    const refused = (error: unknown): InferResponse => responder.refusalFor(requestId, error);
    const done = answer.catch(refused).then((response) => {
      computing.delete(done);
      if (open.get(requestId) === request) settle(requestId, withoutCutWarning(response, request));
    });
    computing.add(done);
  }

  /** The one response to a request. */
  function settle(requestId: number, response: InferResponse): void {
    const request = open.get(requestId);
    if (request !== undefined) {
      request.cancelTimer();
      open.delete(requestId);
    }
    // What came is acknowledged, also when it came too late: the device learns from it what its link does.
    const isUnderstood = response.ok || response.error.code === 'DEADLINE';
    if (!isUnderstood) touched.delete(requestId);
    answered.set(requestId, isUnderstood ? request?.arrived : undefined);
    const [oldest] = answered.keys();
    if (answered.size > rememberedRequests && oldest !== undefined) answered.delete(oldest);
    sendResponse(response);
  }

  async function finish(): Promise<void> {
    isFinishing = true;
    for (const request of open.values()) {
      if (!request.isComputing) compute(request);
    }
    await Promise.all(computing);
  }

  function drop(): void {
    for (const request of open.values()) request.cancelTimer();
    open.clear();
    touched.clear();
  }

  return { receive, finish, drop };

  function tooLong(frameBytes: number): WireFormatError {
    return new WireFormatError('the frame is longer than this edge takes', {
      byteOffset: maxFrameBytes,
      expected: `at most ${maxFrameBytes} bytes`,
      got: `${frameBytes} bytes`,
    });
  }
}

function misplaced(expected: number, got: number): WireFormatError {
  return new WireFormatError('the chunks of a request are sent in order, each once', {
    byteOffset: 1,
    expected: `chunk ${expected}`,
    got: `chunk ${got}`,
  });
}

function tooLate({ parts, chunksAnnounced }: OpenRequest, remainingMs: number): DeadlineError {
  const agoMs = Math.round(-remainingMs);
  return new DeadlineError(
    `the answer had to leave ${agoMs} ms ago, when ${parts.length} of ${chunksAnnounced} chunks have arrived`,
  );
}

/** That later chunks are not there is no damage to warn of when they had not arrived: `chunks` tells it. */
function withoutCutWarning(response: InferResponse, { parts, chunksAnnounced }: OpenRequest): InferResponse {
  if (!response.ok || parts.length === chunksAnnounced || response.chunks.decoded < parts.length) return response;
  const { warning: _, ...answer } = response;
  return answer;
}

function concatenate(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
