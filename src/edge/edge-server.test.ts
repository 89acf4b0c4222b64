import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { tinySplitModel } from '../../test/fixtures/tiny-split-model.ts';
import { zeros } from '../core/tensor/index.ts';
import {
  encodeFrame,
  parseAcknowledgement,
  parseResponse,
  serializeChunkMessage,
  serializeRequest,
  splitFrame,
} from '../core/wire/index.ts';
import type { Runtime } from '../runtime/session.ts';
import { createEdgeServer } from './edge-server.ts';

/** A gate: `passed` settles once `open` was called. */
function gate() {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open: () => open() };
}

/** Runs that a model tries its graph with. */
const trials = 4;

/** Graphs that, once they are loaded and tried, tell when they begin and wait to be let go. */
function gatedRuntime() {
  let runs = 0;
  const begun = gate();
  const finish = gate();
  const close = async () => undefined;
  const runtime: Runtime = {
    name: 'fake',
    createSession: async () => ({
      inputNames: [],
      outputNames: [],
      async run({ latent }) {
        if (++runs > trials) {
          begun.open();
          await finish.passed;
        }
        return { logits: zeros('float32', [latent?.shape[0] ?? 0, 3]) };
      },
      close,
      [Symbol.asyncDispose]: close,
    }),
  };
  return { runtime, begun, finish };
}

test('while it stops, a request is refused under its own id and the accepted one is answered', async () => {
  const { model } = await tinySplitModel();
  const { runtime, begun, finish } = gatedRuntime();
  const server = await createEdgeServer({ models: [model], runtime, port: 0 });
  const frame = encodeFrame(new Int16Array(6 * 49), model.layout);
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v2/stream`);
  await once(socket, 'open');
  const receive = async () => parseResponse(String((await once(socket, 'message'))[0]));

  socket.send(serializeRequest({ requestId: 41, frame }));
  await begun.passed;
  const stopped = server.close();
  const refused = receive();
  socket.send(serializeRequest({ requestId: 42, frame }));
  expect(await refused).toMatchObject({ requestId: 42, ok: false, error: { code: 'ENVIRONMENT' } });
  const unreadable = receive();
  socket.send(Uint8Array.of(1));
  expect(await unreadable).toMatchObject({ requestId: 0, ok: false, error: { code: 'ENVIRONMENT' } });

  const answer = receive();
  const closed = once(socket, 'close');
  finish.open();
  expect(await answer).toMatchObject({ requestId: 41, ok: true });
  await stopped;
  expect((await closed)[0]).toBe(1001);
  await expect(fetch(`${server.url}/v2/health/live`)).rejects.toThrow();
});

test('while it stops, a request of which chunks are missing is answered from what is there', async () => {
  const { model } = await tinySplitModel();
  const { runtime, begun, finish } = gatedRuntime();
  const server = await createEdgeServer({ models: [model], runtime, port: 0 });
  const [first = new Uint8Array()] = splitFrame(encodeFrame(new Int16Array(6 * 49), model.layout));
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v2/stream`);
  await once(socket, 'open');
  const receive = async (): Promise<unknown> => (await once(socket, 'message'))[0];

  socket.send(serializeChunkMessage({ requestId: 41, index: 0, bytes: first }));
  expect(parseAcknowledgement((await receive()) as Uint8Array)).toEqual({ requestId: 41, chunks: 1 });
  const stopped = server.close();
  await begun.passed;
  const refused = receive();
  socket.send(serializeChunkMessage({ requestId: 42, index: 0, bytes: first }));
  expect(parseResponse(String(await refused))).toMatchObject({ requestId: 42, error: { code: 'ENVIRONMENT' } });
  const answer = receive();
  finish.open();
  expect(parseResponse(String(await answer))).toMatchObject({ requestId: 41, ok: true, chunks: { decoded: 1, of: 3 } });
  await stopped;
});

test('a device that goes away with an open request does not hold up the stop', async () => {
  const { model } = await tinySplitModel();
  const { runtime, finish } = gatedRuntime();
  finish.open();
  const server = await createEdgeServer({ models: [model], runtime, port: 0, incompleteTimeoutMs: 2 ** 31 - 1 });
  const [first = new Uint8Array()] = splitFrame(encodeFrame(new Int16Array(6 * 49), model.layout));
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v2/stream`);
  await once(socket, 'open');
  socket.send(serializeChunkMessage({ requestId: 41, index: 0, bytes: first }));
  await once(socket, 'message');
  socket.terminate();
  await server.close();
});

test('a device that vanished is found by its silence, one that answers pings stays', async () => {
  const { model } = await tinySplitModel();
  const { runtime } = gatedRuntime();
  const server = await createEdgeServer({ models: [model], runtime, port: 0, pingIntervalMs: 40 });
  const stream = `${server.url.replace('http', 'ws')}/v2/stream`;
  const vanished = new WebSocket(stream, { autoPong: false });
  const alive = new WebSocket(stream);
  await Promise.all([once(vanished, 'open'), once(alive, 'open')]);
  let pings = 0;
  alive.on('ping', () => pings++);
  // 1006: cut without a closing handshake.
  expect((await once(vanished, 'close'))[0]).toBe(1006);
  await once(alive, 'ping');
  expect(pings).toBeGreaterThan(0);
  expect(alive.readyState).toBe(WebSocket.OPEN);
  await server.close();
});
