import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TransportError } from '../../core/errors.ts';
import {
  type InferResponse,
  parseChunkMessage,
  parseRequest,
  serializeAcknowledgement,
  serializeResponse,
} from '../../core/wire/index.ts';
import type { OpenSocket, SocketEvents } from './socket.ts';
import { createSocketTransport, type SocketTransportOptions } from './socket-transport.ts';
import type { FrameStreamEvents, SentChunk } from './transport.ts';

const url = 'ws://edge.invalid/v2/stream';
const probeIntervalMs = 250;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** A socket whose other end is the test. */
interface FakeSocket extends SocketEvents {
  /** Messages by write. */
  readonly writes: readonly (readonly Uint8Array[])[];
  /** How it was ended from this side. */
  readonly ended: 'close' | 'terminate' | undefined;
}

/** Sockets that do nothing by themselves, oldest first. */
function fakeNetwork() {
  const sockets: FakeSocket[] = [];
  const openSocket: OpenSocket = (_, events) => {
    const writes: (readonly Uint8Array[])[] = [];
    let ended: 'close' | 'terminate' | undefined;
    let isClosed = false;
    const onClose = (reason: string): void => {
      if (isClosed) return;
      isClosed = true;
      events.onClose(reason);
    };
    const end = (how: 'close' | 'terminate') => () => {
      ended ??= how;
      setTimeout(() => onClose('it was closed'), 5);
    };
    sockets.push({
      ...events,
      onClose,
      writes,
      get ended() {
        return ended;
      },
    });
    return { send: (messages) => writes.push(messages), close: end('close'), terminate: end('terminate') };
  };
  const socket = (index: number): FakeSocket => sockets[index] ?? expect.unreachable(`there is no socket ${index}`);
  return { openSocket, sockets, socket };
}

function transportOver(options: Partial<SocketTransportOptions> = {}) {
  const network = fakeNetwork();
  const transport = createSocketTransport({ url, openSocket: network.openSocket, probeIntervalMs, ...options });
  return {
    ...network,
    transport,
    /** A transport that has had its connection for long enough to probe at once. */
    async connected() {
      const connecting = transport.connect();
      network.socket(0).onOpen(80);
      await connecting;
      await pass(probeIntervalMs);
    },
    async close() {
      const closing = transport.close();
      await pass(5);
      await closing;
    },
  };
}

/** Writes down what a stream hears. */
function listener() {
  const heard: unknown[] = [];
  const events: FrameStreamEvents = {
    onAcknowledged: (chunks) => heard.push(chunks),
    onResponse: (response) => heard.push(response),
    onBroken: (error) => heard.push(error.message),
  };
  return { heard, events };
}

const chunk = (index: number): SentChunk => ({ index, bytes: Uint8Array.of(index), remainingMs: 100 });
const answer = (requestId: number): InferResponse => ({
  requestId,
  ok: true,
  top: [],
  chunks: { decoded: 1, of: 1 },
  timeMs: { queue: 0, compute: 0, total: 0 },
});
const acknowledgement = (requestId: number, chunks: number) => serializeAcknowledgement({ requestId, chunks });

test.each([2 ** 31, Number.POSITIVE_INFINITY, Number.NaN, -1])('a time of %s ms is refused', async (timeoutMs) => {
  const openSocket = () => expect.unreachable('a socket was opened');
  const transport = createSocketTransport({ url, openSocket });
  const limit = `timeoutMs must be 0 to 2147483647 ms, got ${timeoutMs}`;
  await expect(transport.send({ frame: new Uint8Array(12) }, { timeoutMs })).rejects.toThrow(new RangeError(limit));
  expect(() => createSocketTransport({ url, openSocket, connectTimeoutMs: timeoutMs })).toThrow(RangeError);
  expect(() => createSocketTransport({ url, openSocket, probeIntervalMs: timeoutMs })).toThrow(RangeError);
});

describe('connecting', () => {
  test('all who wait share one attempt, and its connection is the same object from then on', async () => {
    const { transport, sockets, socket, close } = transportOver();
    const waiting = [transport.connect(), transport.connect()];
    await pass(1000);
    socket(0).onOpen(80);
    const [first, second] = await Promise.all(waiting);
    expect(first?.handshakeMs).toBe(80);
    expect(second).toBe(first);
    expect(await transport.connect()).toBe(first);
    expect(sockets).toHaveLength(1);
    await close();
  });

  test('an attempt that fails is told at once; others follow in the background, and the next call makes its own', async () => {
    const { transport, sockets, socket, close } = transportOver();
    const refused = transport.connect();
    socket(0).onClose('ECONNREFUSED');
    await expect(refused).rejects.toThrow(new TransportError(`the edge at ${url} cannot be reached: ECONNREFUSED`));
    const again = transport.connect();
    expect(sockets).toHaveLength(2);
    socket(1).onClose('ECONNREFUSED');
    await expect(again).rejects.toThrow('ECONNREFUSED');
    await pass(probeIntervalMs);
    expect(sockets).toHaveLength(3);
    await close();
  });

  test('an attempt that nothing answers ends at the timeout', async () => {
    const { transport, socket, close } = transportOver({ connectTimeoutMs: 700 });
    const connecting = transport.connect();
    connecting.catch(() => undefined);
    await pass(700);
    await expect(connecting).rejects.toThrow('no connection within 700 ms');
    expect(socket(0).ended).toBe('terminate');
    await close();
  });
});

describe('a stream', () => {
  test('sends the chunks that it is given together in one write, and hears what is said of it', async () => {
    const { transport, socket, connected, close } = transportOver();
    await connected();
    const one = listener();
    const two = listener();
    const first = transport.openStream(one.events);
    const second = transport.openStream(two.events);
    first.send([chunk(0), chunk(1)]);
    second.send([chunk(0)]);
    expect(socket(0).writes.map((write) => write.map((message) => parseChunkMessage(message)))).toEqual([
      [
        { requestId: 1, index: 0, remainingMs: 100, bytes: Uint8Array.of(0) },
        { requestId: 1, index: 1, remainingMs: 100, bytes: Uint8Array.of(1) },
      ],
      [{ requestId: 2, index: 0, remainingMs: 100, bytes: Uint8Array.of(0) }],
    ]);
    socket(0).onBinary(acknowledgement(2, 1));
    socket(0).onBinary(acknowledgement(1, 2));
    socket(0).onBinary(acknowledgement(99, 3));
    socket(0).onText(serializeResponse(answer(1)));
    socket(0).onText(serializeResponse(answer(1)));
    expect(one.heard).toEqual([2, answer(1)]);
    expect(two.heard).toEqual([1]);
    first.end(false);
    second.end(false);
    await close();
  });

  test('that has ended sends nothing and hears late acknowledgements only', async () => {
    const { transport, socket, connected, close } = transportOver();
    await connected();
    const { heard, events } = listener();
    const stream = transport.openStream(events);
    stream.send([chunk(0)]);
    stream.end(false);
    stream.end(true);
    stream.send([chunk(1)]);
    expect(socket(0).writes).toHaveLength(1);
    socket(0).onBinary(acknowledgement(1, 1));
    socket(0).onText(serializeResponse(answer(1)));
    socket(0).onBinary(acknowledgement(1, 2));
    socket(0).onClose('gone');
    expect(heard).toEqual([1, 2]);
    await close();
  });

  test('is told once when its connection breaks', async () => {
    const { transport, socket, connected, close } = transportOver();
    await connected();
    const { heard, events } = listener();
    const stream = transport.openStream(events);
    stream.send([chunk(0)]);
    socket(0).onClose('cable cut');
    socket(0).onText(serializeResponse(answer(1)));
    stream.send([chunk(1)]);
    stream.end(true);
    expect(heard).toEqual([`the connection to the edge at ${url} broke: cable cut`]);
    expect(socket(0).writes).toHaveLength(1);
    await close();
  });

  test('without a connection drops its chunks, and the next one finds a connection', async () => {
    const { transport, socket, close } = transportOver();
    const { heard, events } = listener();
    const stream = transport.openStream(events);
    stream.send([chunk(0)]);
    socket(0).onOpen(80);
    await pass(0);
    stream.send([chunk(1)]);
    stream.end(true);
    expect(socket(0).writes).toEqual([]);
    expect(heard).toEqual([]);
    transport.openStream(events).send([chunk(0)]);
    expect(socket(0).writes).toHaveLength(1);
    await close();
  });

  test.each([
    ['binary', (socket: FakeSocket) => socket.onBinary(Uint8Array.of(9))],
    ['text', (socket: FakeSocket) => socket.onText('hello')],
  ])('%s that makes no sense breaks the connection', async (_, say) => {
    const { transport, socket, connected, close } = transportOver();
    await connected();
    const { heard, events } = listener();
    transport.openStream(events).send([chunk(0)]);
    say(socket(0));
    expect(heard).toEqual([expect.stringContaining('it does not speak this protocol')]);
    expect(socket(0).ended).toBe('close');
    await close();
  });
});

describe('probing', () => {
  /** A transport with a stream of which a chunk was sent and nothing heard. */
  async function silentStream(options: Partial<SocketTransportOptions> = {}) {
    const over = transportOver(options);
    await over.connected();
    const { heard, events } = listener();
    const stream = over.transport.openStream(events);
    stream.send([chunk(0)]);
    return { ...over, heard, stream };
  }

  test('begins at once and goes on at its pace when an answer was missed in silence', async () => {
    const { stream, sockets, close } = await silentStream();
    stream.end(true);
    expect(sockets).toHaveLength(2);
    await pass(probeIntervalMs - 1);
    expect(sockets).toHaveLength(2);
    await pass(1);
    expect(sockets).toHaveLength(3);
    await close();
  });

  test.each([
    ['the answer was not missed', false, () => undefined],
    ['the edge was heard meanwhile', true, (socket: FakeSocket) => socket.onBinary(acknowledgement(1, 1))],
    ['another request was answered', true, (socket: FakeSocket) => socket.onText(serializeResponse(answer(5)))],
  ])('does not begin when %s', async (_, isMissed, before) => {
    const { stream, sockets, socket, close } = await silentStream();
    before(socket(0));
    stream.end(isMissed);
    await pass(1000);
    expect(sockets).toHaveLength(1);
    await close();
  });

  test('does not begin when nothing was sent', async () => {
    const { transport, sockets, connected, close } = transportOver();
    await connected();
    transport.openStream(listener().events).end(true);
    await pass(1000);
    expect(sockets).toHaveLength(1);
    await close();
  });

  test('the first fresh connection that opens takes over; the old one and the other attempts are cut', async () => {
    const { transport, stream, sockets, socket, close } = await silentStream();
    const other = listener();
    transport.openStream(other.events).send([chunk(0)]);
    stream.end(true);
    await pass(2 * probeIntervalMs);
    expect(sockets).toHaveLength(4);
    socket(2).onOpen(90);
    await pass(1000);
    expect(sockets.map(({ ended }) => ended)).toEqual(['terminate', 'terminate', undefined, 'terminate']);
    expect(other.heard).toEqual([expect.stringContaining('was silent: a fresh one took its place')]);
    expect((await transport.connect()).handshakeMs).toBe(90);
    transport.openStream(listener().events).send([chunk(0)]);
    expect(socket(2).writes).toHaveLength(1);
    await close();
  });

  test('ends when the old connection is heard first', async () => {
    const { stream, transport, sockets, socket, close } = await silentStream();
    const before = await transport.connect();
    stream.end(true);
    await pass(probeIntervalMs);
    socket(0).onBinary(acknowledgement(1, 1));
    await pass(1000);
    expect(sockets.map(({ ended }) => ended)).toEqual([undefined, 'terminate', 'terminate']);
    expect(await transport.connect()).toBe(before);
    await close();
  });

  test('has at most four attempts under way: the oldest keeps its time, of the others the oldest gives way', async () => {
    const { stream, sockets, transport, socket, close } = await silentStream({ connectTimeoutMs: 1300 });
    stream.end(true);
    await pass(4 * probeIntervalMs);
    const underWay = () => sockets.flatMap(({ ended }, index) => (ended === undefined && index > 0 ? [index] : []));
    expect(underWay()).toEqual([1, 3, 4, 5]);
    await pass(probeIntervalMs);
    expect(underWay()).toEqual([1, 4, 5, 6]);
    await pass(50);
    expect(underWay()).toEqual([4, 5, 6]);
    socket(4).onOpen(1000);
    await pass(0);
    expect((await transport.connect()).handshakeMs).toBe(1000);
    await close();
  });

  test('goes on after attempts that are refused', async () => {
    const { stream, sockets, socket, close } = await silentStream();
    stream.end(true);
    socket(1).onClose('ECONNREFUSED');
    await pass(0);
    expect(sockets).toHaveLength(2);
    await pass(probeIntervalMs);
    expect(sockets).toHaveLength(3);
    await close();
  });
});

describe('a connection that breaks', () => {
  test('is made again at once', async () => {
    const { sockets, socket, connected, close } = transportOver();
    await connected();
    socket(0).onClose('the edge stops');
    expect(sockets).toHaveLength(2);
    await close();
  });

  test('again and again is made again at the pace of probing', async () => {
    const { sockets, transport, close } = transportOver();
    transport.connect().catch(() => undefined);
    for (let round = 0; round < 40; round++) {
      sockets.at(-1)?.onOpen(1);
      await pass(1);
      sockets.at(-1)?.onClose('no room');
      await pass(24);
    }
    expect(sockets).toHaveLength(1 + 1000 / probeIntervalMs);
    await close();
  });

  test('is not made again for an idle device, until it asks again', async () => {
    const { transport, sockets, socket, connected, close } = transportOver();
    await connected();
    await pass(31_000);
    socket(0).onClose('the edge stops');
    await pass(5000);
    expect(sockets).toHaveLength(1);
    transport.connect().catch(() => undefined);
    expect(sockets).toHaveLength(2);
    socket(1).onClose('ECONNREFUSED');
    await pass(probeIntervalMs);
    expect(sockets).toHaveLength(3);
    await close();
  });

  test('is given up when the device falls idle', async () => {
    const { transport, sockets, close } = transportOver();
    transport.connect().catch(() => undefined);
    for (let ms = 0; ms < 40_000; ms += probeIntervalMs) {
      sockets.at(-1)?.onClose('ECONNREFUSED');
      await pass(probeIntervalMs);
    }
    expect(sockets).toHaveLength(30_000 / probeIntervalMs);
    expect(vi.getTimerCount()).toBe(0);
    await close();
  });
});

describe('a whole frame', () => {
  const frame = Uint8Array.of(1, 2, 3);

  test('is sent when there is a connection, with what is left of its time', async () => {
    const { transport, socket, close } = transportOver();
    const answered = transport.send({ frame, remainingMs: 500 }, { timeoutMs: 500 });
    await pass(100);
    socket(0).onOpen(80);
    await pass(0);
    const [[message = new Uint8Array()] = []] = socket(0).writes;
    expect(parseRequest(message)).toEqual({ requestId: 1, remainingMs: 400, frame });
    socket(0).onText(serializeResponse(answer(1)));
    expect(await answered).toEqual(answer(1));
    await close();
  });

  test('that nothing answers is given up at its timeout, and fresh connections are tried', async () => {
    const { transport, sockets, socket, connected, close } = transportOver();
    await connected();
    const answered = transport.send({ frame }, { timeoutMs: 400 });
    answered.catch(() => undefined);
    await pass(400);
    await expect(answered).rejects.toThrow(`no answer from the edge at ${url} within 400 ms`);
    expect(sockets).toHaveLength(2);
    expect(socket(0).ended).toBe(undefined);
    await close();
  });

  test('on a connection that breaks is sent once more, on the next', async () => {
    const { transport, socket, connected, close } = transportOver();
    await connected();
    const answered = transport.send({ frame }, { timeoutMs: 400 });
    await pass(0);
    socket(0).onClose('cable cut');
    await pass(10);
    socket(1).onOpen(80);
    await pass(0);
    expect(socket(1).writes).toHaveLength(1);
    socket(1).onText(serializeResponse(answer(2)));
    expect(await answered).toEqual(answer(2));
    await close();
  });
});

describe('closing', () => {
  test('ends everything, tells all who wait, and leaves nothing', async () => {
    const { transport, sockets, socket, connected, close } = transportOver();
    await connected();
    const { heard, events } = listener();
    const stream = transport.openStream(events);
    stream.send([chunk(0)]);
    const sent = transport.send({ frame: new Uint8Array(12) }, { timeoutMs: 10_000 });
    sent.catch(() => undefined);
    const missed = transport.openStream(listener().events);
    missed.send([chunk(0)]);
    missed.end(true);
    await pass(2 * probeIntervalMs);
    await close();
    expect(sockets.map(({ ended }) => ended)).toEqual(['close', 'terminate', 'terminate', 'terminate']);
    expect(heard).toEqual(['the transport was closed']);
    await expect(sent).rejects.toThrow('the transport was closed');
    expect(vi.getTimerCount()).toBe(0);

    stream.end(true);
    stream.send([chunk(1)]);
    await expect(transport.connect()).rejects.toThrow('the transport is closed: make a new one');
    await expect(transport.send({ frame: new Uint8Array() }, { timeoutMs: 1 })).rejects.toThrow(TransportError);
    expect(() => transport.openStream(events)).toThrow(TransportError);
    await pass(1000);
    expect(sockets).toHaveLength(4);
    expect(socket(0).writes).toHaveLength(3);
  });

  test('ends an attempt that somebody waits for', async () => {
    const { transport, socket, close } = transportOver();
    const connecting = transport.connect();
    connecting.catch(() => undefined);
    await close();
    await expect(connecting).rejects.toThrow('the transport was closed');
    expect(socket(0).ended).toBe('terminate');
  });

  test('twice, or before the first connection, is quick', async () => {
    const { close } = transportOver();
    await close();
    await close();
  });
});
