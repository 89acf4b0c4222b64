/** A link of fixed rate: the plainest, and what a rate in a data sheet means. */

import type { PacketSchedule } from './packet-schedule.ts';
import { createSerialSchedule } from './serial-schedule.ts';

/** A fixed rate and a round trip. */
export interface FixedRate {
  /** Bits a second of whole packets, headers included. */
  readonly rateBitsPerSecond: number;
  /** Propagation there and back, in ms. */
  readonly roundTripMs: number;
}

/**
 * Makes an uplink on which a packet takes its bits over the rate, then half the round trip.
 *
 * @throws {@link RangeError} when the rate is not above 0, or the round trip below 0.
 */
export function createFixedRateUplink({ rateBitsPerSecond, roundTripMs }: FixedRate): PacketSchedule {
  if (!(rateBitsPerSecond > 0)) throw new RangeError(`rateBitsPerSecond must be above 0, got ${rateBitsPerSecond}`);
  return createSerialSchedule(
    (packetBytes, startMs) => startMs + (8000 * packetBytes) / rateBitsPerSecond,
    roundTripMs,
  );
}
