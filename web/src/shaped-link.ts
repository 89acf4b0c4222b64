/**
 * A slow link between this page and its edge, made by the page: messages leave when a link of that rate and round trip would
 * have delivered them. The edge is as near as it is, which comes on top.
 *
 *     device ─► shaped socket ─► packets on a link of fixed rate ─► half a round trip ─► WebSocket ─► edge
 *            ◄──────────────────────── half a round trip ◄─────────────────────────────┘
 */

import { bytesInPackets, createFixedRateUplink, messagePackets, type PacketSchedule } from 'aecnn/core';
import type { OpenSocket } from 'aecnn/device';

/** What the link does. */
export interface LinkSettings {
  readonly rateBitsPerSecond: number;
  readonly roundTripMs: number;
}

/** A message that was sent, and when the link had delivered it. */
export interface Delivery {
  readonly message: Uint8Array;
  /** By `performance.now()`. */
  readonly atMs: number;
}

/** A link that can be set anew at any time. */
export interface ShapedLink {
  /** Begins anew with an idle link, unless it is set so already. */
  set(settings: LinkSettings): void;
  /** Wraps a way to open sockets. All sockets share the link. */
  shape(open: OpenSocket): OpenSocket;
  /**
   * Resolves when the link, idle before, has carried so many bytes up, of a request on a connection that is open. Rejects with
   * the signal's reason.
   */
  carryUp(bytes: number, signal: AbortSignal): Promise<void>;
  /** Resolves when an answer has come down. Rejects with the signal's reason. */
  carryDown(signal: AbortSignal): Promise<void>;
  /** What was sent since the last call. */
  takeDeliveries(): Delivery[];
}

const after = (delayMs: number, callback: () => void): void => void setTimeout(callback, Math.max(0, delayMs));
const wait = (delayMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    after(delayMs, resolve);
  });

/** Makes a link. */
export function createShapedLink(first: LinkSettings): ShapedLink {
  let settings = first;
  let uplink: PacketSchedule = createFixedRateUplink(first);
  let deliveries: Delivery[] = [];
  const now = (): number => performance.now();
  const halfMs = (): number => settings.roundTripMs / 2;

  /** Packets of a write; `whole` is told of the messages that each of them completes. */
  function transmit(
    messages: readonly Uint8Array[],
    whole: (messages: readonly Uint8Array[], atMs: number) => void,
  ): void {
    for (const { packetBytes, messages: complete } of messagePackets(messages)) {
      const atMs = uplink.send(packetBytes, now());
      if (complete.length > 0) whole(complete, atMs);
    }
  }

  const shape =
    (open: OpenSocket): OpenSocket =>
    (url, events) => {
      let isClosed = false;
      const down = (tell: () => void): void => after(halfMs(), tell);
      const socket = open(url, {
        // The handshakes of TCP and of the WebSocket, two round trips in all.
        onOpen: (handshakeMs) =>
          after(2 * settings.roundTripMs, () => events.onOpen(handshakeMs + settings.roundTripMs)),
        onText: (text) => down(() => events.onText(text)),
        onBinary: (bytes) => down(() => events.onBinary(bytes)),
        onClose(reason) {
          isClosed = true;
          down(() => events.onClose(reason));
        },
      });
      return {
        send: (messages) =>
          transmit(messages, (complete, atMs) => {
            deliveries.push(...complete.map((message) => ({ message, atMs })));
            after(atMs - now(), () => {
              if (!isClosed) socket.send(complete);
            });
          }),
        close: () => socket.close(),
        terminate: () => socket.terminate(),
      };
    };

  return {
    set(next) {
      if (next.rateBitsPerSecond === settings.rateBitsPerSecond && next.roundTripMs === settings.roundTripMs) return;
      settings = next;
      uplink = createFixedRateUplink(next);
    },
    shape,
    carryUp: async (bytes, signal) => {
      // Of its own: behind chunks that came too late for the deadline the request would pay for what it is compared with.
      const idle = createFixedRateUplink(settings);
      const arrivals = bytesInPackets(bytes).map((packetBytes) => idle.send(packetBytes, now()));
      await wait((arrivals.at(-1) ?? now()) - now(), signal);
    },
    carryDown: (signal) => wait(halfMs(), signal),
    takeDeliveries() {
      const taken = deliveries;
      deliveries = [];
      return taken;
    },
  };
}
