/**
 * One device's connection: messages come in and go to what answers them, by their kind; responses and acknowledgements go
 * out. It knows no socket.
 */

import {
  type InferResponse,
  type RequestKind,
  requestKind,
  serializeAcknowledgement,
  serializeResponse,
} from '../core/wire/index.ts';
import { createChunkAssembler } from './chunk-assembler.ts';
import type { EventLoop } from './event-loop.ts';
import { type Responder, refusal, requestIdOf } from './responder.ts';

/** Options of {@link createDeviceConnection}. */
export interface DeviceConnectionOptions {
  readonly responder: Responder;
  readonly loop: EventLoop;
  /** Longest frame that is put together from chunks. */
  readonly maxMessageBytes: number;
  /** How long to wait for the chunks of a request without a deadline. */
  readonly incompleteTimeoutMs: number;
  /** Sends a text or a binary message; does nothing when the connection is gone. */
  readonly send: (message: string | Uint8Array) => void;
  /** Told the code of every refusal that is sent. */
  readonly onRefusal?: (code: string) => void;
}

/** The edge's side of a connection. */
export interface DeviceConnection {
  /** Takes one message. */
  receive(data: unknown, isBinary: boolean): void;
  /** Answers what was accepted, from what has arrived of it, and refuses what comes later; resolves when all is answered. */
  finish(): Promise<void>;
  /** The device is gone: nothing is sent any more, and no timer is left. */
  drop(): void;
}

/** Makes the edge's side of a new connection. */
export function createDeviceConnection(options: DeviceConnectionOptions): DeviceConnection {
  const { responder, loop, maxMessageBytes, incompleteTimeoutMs, send, onRefusal } = options;
  const computing = new Set<Promise<void>>();
  let isFinishing = false;
  const sendResponse = (response: InferResponse): void => {
    if (!response.ok) onRefusal?.(response.error.code);
    send(serializeResponse(response));
  };
  const assembler = createChunkAssembler({
    responder,
    loop,
    maxFrameBytes: maxMessageBytes,
    incompleteTimeoutMs,
    sendResponse,
    sendAcknowledgement: (acknowledgement) => send(serializeAcknowledgement(acknowledgement)),
  });

  function answerWholeFrame(message: Uint8Array): void {
    if (isFinishing) {
      sendResponse(refusal(requestIdOf(message), 'ENVIRONMENT', 'the edge is shutting down'));
      return;
    }
    const done = responder.respond(message).then((response) => {
      computing.delete(done);
      sendResponse(response);
    });
    computing.add(done);
  }

  const handlers: Readonly<Record<RequestKind, (message: Uint8Array) => void>> = {
    wholeFrame: answerWholeFrame,
    chunk: assembler.receive,
  };

  function receive(data: unknown, isBinary: boolean): void {
    if (!isBinary || !(data instanceof Uint8Array)) {
      const reason = 'a request is a binary message, got text; see docs/wire-format.md';
      sendResponse(refusal(0, 'WIRE_FORMAT', reason));
      return;
    }
    try {
      handlers[requestKind(data)](data);
    } catch (error) {
      sendResponse(responder.refusalFor(0, error));
    }
  }

  async function finish(): Promise<void> {
    isFinishing = true;
    await Promise.all([assembler.finish(), ...computing]);
  }

  return { receive, finish, drop: () => assembler.drop() };
}
