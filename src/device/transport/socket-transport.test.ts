import { expect, test } from 'vitest';
import { createSocketTransport } from './socket-transport.ts';

const openSocket = () => expect.unreachable('a socket was opened');
const url = 'ws://edge.invalid/v2/stream';

test.each([2 ** 31, Number.POSITIVE_INFINITY, Number.NaN, -1])('a timeout of %s ms is refused', async (timeoutMs) => {
  const transport = createSocketTransport({ url, openSocket });
  const limit = `timeoutMs must be 0 to 2147483647 ms, got ${timeoutMs}`;
  await expect(transport.send({ frame: new Uint8Array(12) }, { timeoutMs })).rejects.toThrow(new RangeError(limit));
  expect(() => createSocketTransport({ url, openSocket, connectTimeoutMs: timeoutMs })).toThrow(RangeError);
});
