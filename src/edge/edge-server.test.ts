import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { tinySplitModel } from '../../test/fixtures/tiny-split-model.ts';
import { zeros } from '../core/tensor/index.ts';
import { encodeFrame, parseResponse, serializeRequest } from '../core/wire/index.ts';
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

/** Graphs that tell when they begin and wait to be let go. */
function gatedRuntime() {
  const begun = gate();
  const finish = gate();
  const close = async () => undefined;
  const runtime: Runtime = {
    name: 'fake',
    createSession: async () => ({
      inputNames: [],
      outputNames: [],
      async run() {
        begun.open();
        await finish.passed;
        return { logits: zeros('float32', [1, 3]) };
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
