/**
 * What TCP makes of a link that loses packets: all arrive, in their order, some late.
 *
 * A lost packet is sent again after a timeout that doubles with each further loss of that packet (RFC 6298, with Linux's
 * least of 200 ms and most of 120 s, and twice the round trip in place of a measured one).
 *
 * The simplification: the sender waits. What is handed over while a timeout runs is sent behind the repeated packet, not
 * before it. TCP would send it, and the receiver hold it back until the gap is closed: the delivery differs by no more than
 * the time to send what waited. Fast retransmit and tail loss probes (RFC 5681, 8985), which often repair a loss sooner, and
 * all windows are left out.
 */

import type { PacketSchedule } from './packet-schedule.ts';

const leastTimeoutMs = 200;
const mostTimeoutMs = 120_000;

/**
 * Wraps a link's schedule, which is the wrapper's alone from then on.
 *
 * @param roundTripMs - The link's, for the first timeout: at least 200 ms, or twice this.
 * @returns A schedule that loses nothing: it never returns `Infinity`.
 */
export function createReliableUplink(uplink: PacketSchedule, roundTripMs: number): PacketSchedule {
  const firstTimeoutMs = Math.max(leastTimeoutMs, 2 * roundTripMs);

  const after = (link: PacketSchedule, lastHandedOverMs: number, lastLeftMs: number): PacketSchedule => {
    let handedOverMs = lastHandedOverMs;
    let leftMs = lastLeftMs;
    return {
      send(packetBytes, nowMs) {
        handedOverMs = Math.max(handedOverMs, nowMs);
        let arrivalMs = link.send(packetBytes, handedOverMs);
        let timeoutMs = firstTimeoutMs;
        while (arrivalMs === Number.POSITIVE_INFINITY) {
          // The timer starts once the packets before have left the link.
          handedOverMs = Math.max(handedOverMs, leftMs) + timeoutMs;
          timeoutMs = Math.min(2 * timeoutMs, mostTimeoutMs);
          arrivalMs = link.send(packetBytes, handedOverMs);
        }
        leftMs = arrivalMs - roundTripMs / 2;
        return arrivalMs;
      },
      fork: () => after(link.fork(), handedOverMs, leftMs),
    };
  };
  return after(uplink, 0, 0);
}
