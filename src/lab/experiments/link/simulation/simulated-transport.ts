/**
 * A transport over a simulated link, with the edge's own assembler at its far end.
 *
 *     chunk messages ─► WebSocket frames ─► packets ─► uplink ─► assembler ─► simulated edge ─► half a round trip ─► device
 *
 * The connection never breaks: what an outage holds up is delivered when the link is back, as cellular links do.
 */

import type { Clock } from '../../../../core/clock.ts';
import { messagePackets, type PacketSchedule } from '../../../../core/link/index.ts';
import {
  type Acknowledgement,
  type InferResponse,
  onePacketBytes,
  serializeChunkMessage,
} from '../../../../core/wire/index.ts';
import type { FrameStreamEvents, Transport } from '../../../../device/index.ts';
import { createChunkAssembler, createResponder, type FrameAnswerer } from '../../../../edge/index.ts';

/** Options of {@link createSimulatedTransport}. */
export interface SimulatedTransportOptions {
  readonly clock: Clock;
  readonly uplink: PacketSchedule;
  readonly roundTripMs: number;
  readonly edge: FrameAnswerer;
}

/** A simulated transport. */
export interface SimulatedTransport extends Transport {
  /** From handing over the first chunk of a request to the arrival of its last one. */
  uplinkMs(requestId: number): number;
}

/**
 * Makes a transport that is connected from the start. After `end` a stream's acknowledgements still come, its response does
 * not, as the interface has it.
 */
export function createSimulatedTransport(options: SimulatedTransportOptions): SimulatedTransport {
  const { clock, uplink, roundTripMs, edge } = options;
  const streams = new Map<number, FrameStreamEvents>();
  const ended = new Set<number>();
  const connection = { handshakeMs: roundTripMs };
  /** When the first chunk of a request was handed over, and when the last one was at the edge. */
  const ways = new Map<number, { readonly sentMs: number; arrivedMs: number }>();
  let nextRequestId = 1;

  const toDevice = (deliver: () => void): void => {
    clock.after(roundTripMs / 2, deliver);
  };
  const fail = (error: unknown): never => {
    throw error;
  };
  const assembler = createChunkAssembler({
    responder: createResponder(() => [edge], fail),
    loop: { ...clock, atEndOfTurn: (callback) => void clock.after(0, callback) },
    maxFrameBytes: onePacketBytes,
    incompleteTimeoutMs: 10_000,
    sendResponse: (response: InferResponse) =>
      toDevice(() => {
        if (!ended.has(response.requestId)) streams.get(response.requestId)?.onResponse(response);
      }),
    sendAcknowledgement: ({ requestId, chunks }: Acknowledgement) =>
      toDevice(() => streams.get(requestId)?.onAcknowledged(chunks)),
  });

  /** Sends messages in one write; each is at the edge with the packet that holds its last byte. */
  function transmit(messages: readonly Uint8Array[]): number {
    let arrivedMs = clock.now();
    for (const { packetBytes, messages: complete } of messagePackets(messages)) {
      arrivedMs = uplink.send(packetBytes, clock.now());
      clock.after(arrivedMs - clock.now(), () => {
        for (const message of complete) assembler.receive(message);
      });
    }
    return arrivedMs;
  }

  return {
    send: () => Promise.reject(new TypeError('the simulation sends chunk by chunk')),
    connect: async () => connection,
    openStream(events) {
      const requestId = nextRequestId++;
      const way = { sentMs: clock.now(), arrivedMs: clock.now() };
      streams.set(requestId, events);
      ways.set(requestId, way);
      return {
        send(chunks) {
          way.arrivedMs = transmit(chunks.map((chunk) => serializeChunkMessage({ requestId, ...chunk })));
        },
        end: () => void ended.add(requestId),
      };
    },
    uplinkMs(requestId) {
      const { sentMs = 0, arrivedMs = 0 } = ways.get(requestId) ?? {};
      return arrivedMs - sentMs;
    },
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
