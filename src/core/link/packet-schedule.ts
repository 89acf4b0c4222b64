/**
 * When a packet gets to the far side of a link: the one question that every link model answers, pure and without a clock.
 *
 * The twist: a schedule remembers when its link falls idle, so it belongs to one direction of one link and all connections
 * of that direction share it. `fork` looks ahead without sending: the oracle of the simulation does.
 */

/** Most bytes that travel as one packet, its headers included: an Ethernet payload. */
export const maxPacketBytes = 1500;

/** Bytes of a TCP packet that are no payload: IPv4 20, TCP 20, its timestamps 12 (RFC 791, 9293, 7323). */
export const packetHeaderBytes = 52;

/** Sizes of the packets, headers included, that so many bytes of payload need when they are handed over at once. */
export function bytesInPackets(payloadBytes: number): number[] {
  const mostPayloadBytes = maxPacketBytes - packetHeaderBytes;
  return Array.from({ length: Math.max(1, Math.ceil(payloadBytes / mostPayloadBytes)) }, (_, packet) => {
    return packetHeaderBytes + Math.min(mostPayloadBytes, payloadBytes - packet * mostPayloadBytes);
  });
}

/** One direction of a link. */
export interface PacketSchedule {
  /**
   * Sends one packet behind all that were sent before.
   *
   * @param packetBytes - Headers included, 1 to {@link maxPacketBytes}.
   * @param nowMs - When it is handed over; never before an earlier call's.
   * @returns When it has arrived at the far side, propagation included, in ms of the caller's clock; never before an earlier
   * packet's. `Infinity` when it is lost.
   */
  send(packetBytes: number, nowMs: number): number;
  /** An independent copy with the same past and the same future. */
  fork(): PacketSchedule;
}
