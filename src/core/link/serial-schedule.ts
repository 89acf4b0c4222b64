/** A link that sends one packet after the other and knows how long each takes: fixed rate, fading, a recorded rate. */

import type { PacketSchedule } from './packet-schedule.ts';

/** When the last byte of a packet has left whose first byte leaves at `startMs`, in ms. */
export type Transmission = (packetBytes: number, startMs: number) => number;

/**
 * Makes the schedule of a link that is idle at time 0: a packet waits until those before it have left, leaves, then travels
 * half the round trip.
 *
 * @throws {@link RangeError} when `roundTripMs` is not 0 or more.
 */
export function createSerialSchedule(transmission: Transmission, roundTripMs: number): PacketSchedule {
  requireRoundTrip(roundTripMs);
  const idleFrom = (ms: number): PacketSchedule => {
    let idleMs = ms;
    return {
      send(packetBytes, nowMs) {
        const startMs = Math.max(idleMs, nowMs);
        // Rounding may put the end of a small packet an ulp before its start.
        idleMs = Math.max(startMs, transmission(packetBytes, startMs));
        return idleMs + roundTripMs / 2;
      },
      fork: () => idleFrom(idleMs),
    };
  };
  return idleFrom(0);
}

/** @throws {@link RangeError} when `roundTripMs` is not 0 or more. */
export function requireRoundTrip(roundTripMs: number): void {
  if (!(roundTripMs >= 0)) throw new RangeError(`roundTripMs must be at least 0, got ${roundTripMs}`);
}
