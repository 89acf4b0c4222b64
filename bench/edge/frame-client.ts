/** Devices that only send frames: as little work as can be, so that the machine is left to the edge. */

import { once } from 'node:events';
import { WebSocket } from 'ws';
import { type InferResponse, serializeRequest, streamProtocol } from '../../src/core/wire/index.ts';

/** A response, and how long it took. */
export interface TimedResponse {
  readonly response: InferResponse;
  readonly roundTripMs: number;
  /** When it came. */
  readonly atMs: number;
}

/** One connection. */
export interface FrameClient {
  /** Sends one frame and waits for its response. */
  ask(frame: Uint8Array, remainingMs?: number): Promise<TimedResponse>;
  close(): void;
}

/** Connects to an edge. */
export async function openFrameClient(url: string): Promise<FrameClient> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v2/stream`, streamProtocol, { perMessageDeflate: false });
  await once(socket, 'open');
  const waiting = new Map<number, { readonly sentMs: number; readonly resolve: (timed: TimedResponse) => void }>();
  let nextId = 1;
  socket.on('message', (data) => {
    const atMs = performance.now();
    // Our own edge: what it sends need not be checked again.
    const response: InferResponse = JSON.parse(String(data));
    const request = waiting.get(response.requestId);
    waiting.delete(response.requestId);
    request?.resolve({ response, roundTripMs: atMs - request.sentMs, atMs });
  });
  return {
    ask(frame, remainingMs) {
      const requestId = nextId++;
      return new Promise((resolve) => {
        waiting.set(requestId, { sentMs: performance.now(), resolve });
        socket.send(serializeRequest({ requestId, frame, ...(remainingMs !== undefined && { remainingMs }) }));
      });
    },
    close: () => socket.close(),
  };
}
