/** Which packets carry the messages of one write on a WebSocket: what a link delivers is packets, what its far side reads is messages. */

import { bytesInPackets, packetHeaderBytes } from './packet-schedule.ts';

/** A packet, and the messages whose last byte it carries. */
export interface MessagePacket {
  /** Headers included. */
  readonly packetBytes: number;
  readonly messages: readonly Uint8Array[];
}

/** Bytes of a message in a masked WebSocket frame, up to 65,535 bytes of payload (RFC 6455, section 5.2). */
const webSocketBytes = (messageBytes: number): number => messageBytes + (messageBytes < 126 ? 6 : 8);

/** Splits a write into packets. */
export function messagePackets(messages: readonly Uint8Array[]): MessagePacket[] {
  let bytes = 0;
  const left = messages.map((message) => {
    bytes += webSocketBytes(message.length);
    return { message, end: bytes };
  });
  let received = 0;
  return bytesInPackets(bytes).map((packetBytes) => {
    received += packetBytes - packetHeaderBytes;
    const complete = left.splice(0, left.filter(({ end }) => end <= received).length);
    return { packetBytes, messages: complete.map(({ message }) => message) };
  });
}
