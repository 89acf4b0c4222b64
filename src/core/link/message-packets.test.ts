import { expect, test } from 'vitest';
import { messagePackets } from './index.ts';

const message = (bytes: number, fill: number): Uint8Array => new Uint8Array(bytes).fill(fill);

test('small messages of one write share a packet', () => {
  const [first, second] = [message(50, 1), message(200, 2)];
  // 52 of the packet, 6 and 8 of the WebSocket.
  expect(messagePackets([first, second])).toEqual([{ packetBytes: 52 + 56 + 208, messages: [first, second] }]);
});

test('a message is there with the packet that holds its last byte', () => {
  const [first, second] = [message(1000, 1), message(600, 2)];
  expect(messagePackets([first, second])).toEqual([
    { packetBytes: 1500, messages: [first] },
    { packetBytes: 52 + 1008 + 608 - 1448, messages: [second] },
  ]);
});
