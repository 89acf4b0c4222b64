/** The proxy over real sockets. Lower bounds are exact, upper ones leave room for a busy machine. */

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createLinkProxy, type LinkProxy, maxWaitingBytes } from './link-proxy.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const slow = 'fixed:1mbit,rtt=40ms';
const lateMs = 300;

async function serve(onSocket: (socket: Socket) => void): Promise<{ host: string; port: number; server: Server }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { host: '127.0.0.1', port: (server.address() as { port: number }).port, server };
}

async function link(spec: string, ...targets: { host: string; port: number }[]): Promise<LinkProxy> {
  const proxy = await createLinkProxy({ link: spec, targets: targets.map(({ host, port }) => ({ host, port })) });
  closing.push(() => proxy.close());
  return proxy;
}

async function dial(port: number | undefined): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: port ?? 0, allowHalfOpen: true });
  await once(socket, 'connect');
  closing.push(() => socket.destroy());
  return socket;
}

async function received(socket: Socket, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of socket as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    if (length >= bytes) break;
  }
  return Buffer.concat(parts);
}

const counting = (bytes: number) =>
  Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 31 + (i >> 8)) & 0xff));

test('a small echo takes one round trip', { retry: 2 }, async () => {
  const edge = await serve((socket) => socket.pipe(socket));
  const proxy = await link(slow, edge);
  const device = await dial(proxy.ports[0]);
  const startMs = performance.now();
  device.write('hello');
  const [data] = await once(device, 'data');
  const tookMs = performance.now() - startMs;
  expect(String(data)).toBe('hello');
  expect(tookMs).toBeGreaterThanOrEqual(40);
  expect(tookMs).toBeLessThan(40 + lateMs);
  expect(proxy.count()).toEqual({ upBytes: 5, downBytes: 5 });
});

test('50 kB at 1 Mbit/s take 400 ms, arrive whole, and come little by little', { retry: 2 }, async () => {
  const content = counting(50_000);
  const timesMs: number[] = [];
  const arrived = new Promise<Buffer>((resolve) => {
    void serve((socket) => {
      socket.on('data', () => timesMs.push(performance.now()));
      void received(socket, content.length).then(resolve);
    }).then(async (edge) => {
      const device = await dial((await link(slow, edge)).ports[0]);
      timesMs.push(performance.now());
      device.write(content);
    });
  });
  expect((await arrived).equals(content)).toBe(true);
  const [startMs = 0] = timesMs;
  const tookMs = (timesMs.at(-1) ?? 0) - startMs;
  expect(tookMs).toBeGreaterThanOrEqual(419);
  expect(tookMs).toBeLessThan(420 + lateMs);
  expect((timesMs[1] ?? 0) - startMs).toBeLessThan(32 + lateMs);
  expect(timesMs.length).toBeGreaterThan(3);
});

test('two connections to two targets share the link', async () => {
  const finished: Promise<number>[] = [];
  const sink = () =>
    serve((socket) => {
      finished.push(received(socket, 12_500).then(() => performance.now()));
    });
  const proxy = await link(slow, await sink(), await sink());
  const devices = await Promise.all(proxy.ports.map(dial));
  const startMs = performance.now();
  for (const device of devices) device.write(counting(12_500));
  await expect.poll(() => finished.length, { timeout: 20_000 }).toBe(2);
  const lastMs = Math.max(...(await Promise.all(finished)));
  expect(lastMs - startMs).toBeGreaterThanOrEqual(219);
});

test('what the receiver does not take stays with the sender', async () => {
  const edge = await serve((socket) => socket.pause());
  const proxy = await link('fixed:1000gbit,rtt=2ms', edge);
  const device = await dial(proxy.ports[0]);
  const chunk = counting(1 << 20);
  for (let i = 0; i < 256; i++) device.write(chunk);
  await new Promise((resolve) => setTimeout(resolve, 500));
  // What is not in the proxy is in the kernel's buffers, some MB on both sides, or still with the device.
  expect(device.writableLength).toBeGreaterThan(128 << 20);
  expect(proxy.count().upBytes).toBeLessThan((128 << 20) + maxWaitingBytes);
});

test('what the link loses is late and not lost', async () => {
  const edge = await serve((socket) => socket.pipe(socket));
  const proxy = await link('bursty:100mbit,loss=20%,burst=1.5,rtt=0ms', edge);
  const device = await dial(proxy.ports[0]);
  const content = counting(20_000);
  const startMs = performance.now();
  device.write(content);
  expect((await received(device, content.length)).equals(content)).toBe(true);
  expect(performance.now() - startMs).toBeGreaterThan(199);
});

test('a link that is none is refused', async () => {
  await expect(createLinkProxy({ link: 'fixed:fast', targets: [] })).rejects.toThrow('expected a rate');
});

test('an end goes through after the last byte, and the other way stays open', async () => {
  const edge = await serve((socket) => {
    let text = '';
    socket.on('data', (data) => {
      text += data;
    });
    socket.on('end', () => socket.end(text.toUpperCase()));
  });
  const device = await dial((await link(slow, edge)).ports[0]);
  device.end('all of it');
  let answer = '';
  for await (const data of device) answer += data;
  expect(answer).toBe('ALL OF IT');
});

test('an end that breaks breaks the other', async () => {
  const edge = await serve((socket) => socket.on('data', () => socket.resetAndDestroy()));
  const device = await dial((await link(slow, edge)).ports[0]);
  device.write('hello');
  const [error] = await once(device.resume(), 'error');
  expect(error).toMatchObject({ code: 'ECONNRESET' });
});

test('an edge that is not there closes the connection', async () => {
  const proxy = await link(slow, { host: '127.0.0.1', port: 1 });
  const device = await dial(proxy.ports[0]);
  const [error] = await once(device.resume(), 'error');
  expect(error).toMatchObject({ code: 'ECONNRESET' });
});

test('closing cuts what is open', async () => {
  const edge = await serve(() => undefined);
  const proxy = await link(slow, edge);
  const device = await dial(proxy.ports[0]);
  device.on('error', () => undefined);
  const closed = once(device, 'close');
  device.resume();
  await proxy.close();
  device.end();
  await closed;
});
