/** Frames sent chunk by chunk over a real loopback socket to a real edge with the tiny split model. */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { type InferAnswer, type InferResponse, splitFrame } from '../../src/core/wire/index.ts';
import { createDevice, type FrameStream, type Transport } from '../../src/device/index.ts';
import { createNodeTransport } from '../../src/device/transport/node.ts';
import { createEdgeServer, type EdgeServer } from '../../src/edge/index.ts';
import { createNodeRuntime } from '../../src/runtime/node.ts';
import type { Runtime } from '../../src/runtime/session.ts';
import { solidPicture, type TinySplitModel, tinySplitModel } from '../fixtures/tiny-split-model.ts';

let runtime: Runtime;
let tiny: TinySplitModel;
let edge: EdgeServer;
let frame: Uint8Array;

beforeAll(async () => {
  runtime = await createNodeRuntime({ threads: 1 });
  tiny = await tinySplitModel();
  edge = await createEdgeServer({ models: [tiny.model], runtime, port: 0 });
  frame = await frameFor(tiny);
});
afterAll(() => edge.close());

async function frameFor({ model }: TinySplitModel): Promise<Uint8Array> {
  await using device = await createDevice({ model, runtime });
  return (await device.compress(solidPicture(200, 30, 30))).frame;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Everything that is heard of one frame. */
interface Heard {
  readonly stream: FrameStream;
  readonly acknowledged: number[];
  /** The response, or why there is none. */
  readonly response: Promise<InferResponse | string>;
}

function openStream(transport: Transport): Heard {
  const acknowledged: number[] = [];
  let stream: FrameStream | undefined;
  const response = new Promise<InferResponse | string>((resolve) => {
    stream = transport.openStream({
      onAcknowledged: (chunks) => acknowledged.push(chunks),
      onResponse: resolve,
      onBroken: (error) => resolve(error.message),
    });
  });
  return { stream: stream ?? expect.unreachable(), acknowledged, response };
}

/** The chunks from `start` to before `end`, to be answered within `remainingMs`. */
const chunks = (start: number, end: number, remainingMs: number, of = frame) =>
  splitFrame(of)
    .slice(start, end)
    .map((bytes, i) => ({ index: start + i, bytes, remainingMs }));

/** Asks until the answer comes, without ever waiting for a connection: whether there is one is the transport's business. */
async function askUntilAnswered(transport: Transport): Promise<InferResponse | string> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const { stream, response } = openStream(transport);
    stream.send(chunks(0, 3, 10_000));
    const answer = await Promise.race([response, sleep(100)]);
    stream.end(answer === undefined);
    if (typeof answer === 'object' && answer !== null && 'ok' in answer) return answer as InferResponse;
  }
  return expect.unreachable('no answer came');
}

describe('chunk by chunk', () => {
  test('the answer is that to the whole frame', async () => {
    await using transport = createNodeTransport(edge.url);
    await transport.connect();
    const whole = await transport.send({ frame }, { timeoutMs: 10_000 });
    const { stream, acknowledged, response } = openStream(transport);
    for (let index = 0; index < 3; index++) {
      stream.send(chunks(index, index + 1, 10_000));
      while (acknowledged.length <= index) await sleep(1);
    }
    const answer = await response;
    expect(acknowledged).toEqual([1, 2, 3]);
    expect(answer).toMatchObject({ ok: true, chunks: { decoded: 3, of: 3 } });
    expect(whole).toMatchObject({ ok: true, top: (answer as { top?: unknown }).top });
  });

  test('chunks that are sent together are acknowledged together', async () => {
    await using transport = createNodeTransport(edge.url);
    await transport.connect();
    const { stream, acknowledged, response } = openStream(transport);
    stream.send(chunks(0, 3, 10_000));
    expect(await response).toMatchObject({ ok: true });
    expect(acknowledged).toEqual([3]);
  });

  test.each([1, 2])('an answer from %d of 3 chunks is begun in time to leave the edge', async (sent) => {
    // Heavy enough to be begun well before its time, whatever else the machine does.
    const heavy = await tinySplitModel({ edgeProducts: 5 });
    const heavyFrame = await frameFor(heavy);
    await using slow = await createEdgeServer({ models: [heavy.model], runtime, port: 0 });
    await using transport = createNodeTransport(slow.url);
    await transport.connect();
    const { stream, acknowledged, response } = openStream(transport);
    const startMs = performance.now();
    stream.send(chunks(0, sent, 2000, heavyFrame));
    const answer = await response;
    const tookMs = performance.now() - startMs;
    stream.send(chunks(sent, 3, 1000, heavyFrame));
    expect(answer).toMatchObject({ ok: true, chunks: { decoded: sent, of: 3 } });
    expect(answer).not.toHaveProperty('warning');
    expect(acknowledged).toEqual([sent]);
    // How long it then computes beside all else is the machine's business; src/edge/chunk-assembler.test.ts has exact times.
    const begunMs = tookMs - (answer as InferAnswer).timeMs.total;
    expect(begunMs).toBeGreaterThan(100);
    expect(begunMs).toBeLessThan(1990);
  });

  test('what no answer can be in time for is refused at once', async () => {
    await using transport = createNodeTransport(edge.url);
    await transport.connect();
    const { stream, response } = openStream(transport);
    stream.send(chunks(0, 3, 0));
    expect(await response).toMatchObject({ ok: false, error: { code: 'DEADLINE' } });
  });
});

describe('the socket', () => {
  test('chunks that are sent together leave in one write', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    const reads: number[] = [];
    let messages = 0;
    server.on('connection', (socket, request) => {
      request.socket.on('data', ({ length }: Buffer) => reads.push(length));
      socket.on('message', () => messages++);
    });
    await once(server, 'listening');
    await using transport = createNodeTransport(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
    await transport.connect();
    const { stream } = openStream(transport);
    stream.send(chunks(0, 3, 100));
    while (messages < 3) await sleep(1);
    // Each message has its own header of 8 bytes, and WebSocket's of 6 and at times 2 more.
    expect(reads).toHaveLength(1);
    expect(reads[0]).toBeGreaterThan(frame.length + 3 * 14 - 1);
    server.close();
  });

  test('the time of the handshake is one round trip, whatever accepts the TCP connection', async () => {
    await using link = await openLink(edge, 60);
    await using transport = createNodeTransport(link.url);
    const { handshakeMs } = await transport.connect();
    expect(handshakeMs).toBeGreaterThan(110);
    expect(handshakeMs).toBeLessThan(1000);
  });
});

/** A link to an edge, on which every byte takes `delayMs`, and of which a time can be blacked out. */
async function openLink({ url }: EdgeServer, delayMs = 0) {
  const sockets = new Set<Socket>();
  const silenced = new Set<Socket>();
  const pass = (from: Socket, to: Socket): void => {
    from.on('data', (bytes) => {
      if (!silenced.has(from) && !silenced.has(to)) setTimeout(() => to.write(bytes), delayMs);
    });
    from.on('close', () => to.destroy());
    from.on('error', () => undefined);
    sockets.add(from);
  };
  const server = createServer((device) => {
    const edge = connect(Number(new URL(url).port), '127.0.0.1');
    pass(device, edge);
    pass(edge, device);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    connections: () => sockets.size / 2,
    /** Connections made so far carry nothing any more, and stay. */
    silence() {
      for (const socket of sockets) silenced.add(socket);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe('a link in doubt', () => {
  test('a connection that died without a word is replaced by a fresh one', async () => {
    await using link = await openLink(edge);
    await using transport = createNodeTransport(link.url, { probeIntervalMs: 20 });
    const before = await transport.connect();
    link.silence();
    const { stream, acknowledged } = openStream(transport);
    stream.send(chunks(0, 3, 50));
    await sleep(50);
    expect(acknowledged).toEqual([]);
    stream.end(true);
    expect(await askUntilAnswered(transport)).toMatchObject({ ok: true });
    expect(await transport.connect()).not.toBe(before);
  });

  test('an edge that was stopped and started again is found again', async () => {
    const first = await createEdgeServer({ models: [tiny.model], runtime, port: 0 });
    await using transport = createNodeTransport(first.url, { probeIntervalMs: 20 });
    await transport.connect();
    const { stream, response } = openStream(transport);
    stream.send(chunks(0, 1, 60_000));
    const port = Number(new URL(first.url).port);
    await first.close();
    // Its last request was answered, from what had arrived, or its connection broke first.
    expect(await response).toSatisfy(
      (last: InferResponse | string) => typeof last === 'string' || (last.ok && last.chunks.decoded === 1),
    );
    await sleep(50);
    await using _second = await createEdgeServer({ models: [tiny.model], runtime, port });
    expect(await askUntilAnswered(transport)).toMatchObject({ ok: true, chunks: { decoded: 3, of: 3 } });
  });
});
