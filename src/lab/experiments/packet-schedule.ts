/**
 * When a packet gets to the far side of a link: the one decision of a link model, pure and without a clock.
 *
 * Own derivation: a link of fixed rate sends one packet after the other (serialization), each then travels for the same
 * time (propagation). The twist: a schedule remembers when its link falls idle, so it belongs to one direction of one link
 * and all connections of that direction share it.
 */

/** Most bytes that travel as one packet: an Ethernet payload. */
export const maxPacketBytes = 1500;

/** One direction of a link. */
export interface LinkDirection {
  /** Bits of payload a second; unlimited when left out. */
  readonly rateBitsPerSecond?: number;
  /** Propagation delay of every packet, one way. */
  readonly delayMs: number;
}

/** Both directions of a link. */
export interface LinkShape {
  /** From the device to the edge. */
  readonly up: LinkDirection;
  /** From the edge to the device. */
  readonly down: LinkDirection;
}

/**
 * Takes one packet and returns when it arrives, in ms of the caller's clock. Calls come in the order of the packets, with
 * times that never go back; so do the times returned.
 */
export type PacketSchedule = (packetBytes: number, nowMs: number) => number;

/**
 * Makes the schedule of a direction with a fixed rate and delay.
 *
 * @throws {@link RangeError} when the rate is not above 0 or the delay below 0.
 */
export function fixedRateSchedule({ rateBitsPerSecond, delayMs }: LinkDirection): PacketSchedule {
  if (rateBitsPerSecond !== undefined && !(rateBitsPerSecond > 0)) {
    throw new RangeError(`rateBitsPerSecond must be above 0, got ${rateBitsPerSecond}`);
  }
  if (!(delayMs >= 0)) throw new RangeError(`delayMs must be at least 0, got ${delayMs}`);
  let idleFromMs = Number.NEGATIVE_INFINITY;
  return (packetBytes, nowMs) => {
    const sendingMs = rateBitsPerSecond === undefined ? 0 : (8000 * packetBytes) / rateBitsPerSecond;
    idleFromMs = Math.max(idleFromMs, nowMs) + sendingMs;
    return idleFromMs + delayMs;
  };
}
