import { expect, test } from 'vitest';
import { solidPicture, tinySplitModel } from '../../test/fixtures/tiny-split-model.ts';
import { CodecError, TransportError } from '../core/errors.ts';
import { type Tensor, tensor, zeros } from '../core/tensor/index.ts';
import type { InferResponse } from '../core/wire/index.ts';
import type { Runtime, Session } from '../runtime/session.ts';
import { createDevice } from './device.ts';
import type { Transport, TransportRequest } from './transport/transport.ts';

/** A clock that only moves when told. */
function fakeClock() {
  let nowMs = 1000;
  return {
    now: () => nowMs,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

type Clock = ReturnType<typeof fakeClock>;

/** The device graph takes 30 ms, the fallback 2 ms and says "green". */
function fakeRuntime(clock: Clock): Runtime {
  return {
    name: 'fake',
    async createSession() {
      const session: Session = {
        inputNames: [],
        outputNames: [],
        async run(inputs): Promise<Record<string, Tensor>> {
          if ('pooled' in inputs) {
            clock.pass(2);
            return { logits: tensor('float32', [1, 3], Float32Array.of(0, 5, 0)) };
          }
          clock.pass(30);
          return { latent: zeros('float32', [1, 6, 7, 7]), pooled: zeros('float32', [1, 3]) };
        },
        close: async () => undefined,
        [Symbol.asyncDispose]: async () => undefined,
      };
      return session;
    },
  };
}

function fakeTransport(answer: (request: TransportRequest, timeoutMs: number) => Promise<InferResponse>) {
  const transport: Transport = {
    send: (request, { timeoutMs }) => answer(request, timeoutMs),
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
  return transport;
}

const edgeAnswer = (totalMs: number): InferResponse => ({
  requestId: 1,
  ok: true,
  top: [{ label: 'red', probability: 1 }],
  chunks: { decoded: 3, of: 3 },
  timeMs: { queue: 0, compute: totalMs, total: totalMs },
});

async function deviceWith(clock: Clock, transport?: Transport) {
  const { model } = await tinySplitModel();
  const options = { model, runtime: fakeRuntime(clock), now: clock.now, timeoutMs: 500 };
  return createDevice(transport ? { ...options, transport } : options);
}

const image = solidPicture(0, 0, 0);

test('link time is the wait less what the edge reports', async () => {
  const clock = fakeClock();
  const transport = fakeTransport(async () => {
    clock.pass(70);
    return edgeAnswer(25);
  });
  const { timeMs, via } = await (await deviceWith(clock, transport)).infer(image);
  // The fallback ran its 2 ms while the frame was under way.
  expect({ via, timeMs }).toEqual({ via: 'edge', timeMs: { device: 30, link: 47, edge: 25, total: 102 } });
});

test('an edge that reports more than the wait makes no negative link time', async () => {
  const clock = fakeClock();
  const transport = fakeTransport(async () => {
    clock.pass(10);
    return edgeAnswer(1000);
  });
  const { timeMs } = await (await deviceWith(clock, transport)).infer(image);
  expect(timeMs.link).toBe(0);
  expect(timeMs.device + timeMs.edge).toBe(timeMs.total);
});

test('the request carries what is left of the deadline, and the wait is bounded by it', async () => {
  const clock = fakeClock();
  const seen: unknown[] = [];
  const transport = fakeTransport(async ({ remainingMs }, timeoutMs) => {
    seen.push({ remainingMs, timeoutMs });
    return edgeAnswer(1);
  });
  const device = await deviceWith(clock, transport);
  await device.infer(image, { deadlineMs: 100 });
  await device.infer(image, { deadlineMs: 2000 });
  await device.infer(image);
  expect(seen).toEqual([
    { remainingMs: 70, timeoutMs: 70 },
    { remainingMs: 1970, timeoutMs: 500 },
    { remainingMs: undefined, timeoutMs: 500 },
  ]);
});

test('a deadline shorter than the device graph asks no edge', async () => {
  const clock = fakeClock();
  const transport = fakeTransport(() => expect.unreachable('the edge was asked'));
  const answer = await (await deviceWith(clock, transport)).infer(image, { deadlineMs: 20 });
  expect(answer).toMatchObject({ via: 'device', top: [{ label: 'green' }, {}, {}] });
});

test('a refusal and a broken link are answered by the device, which says why', async () => {
  const clock = fakeClock();
  const refusing = fakeTransport(async () => ({
    requestId: 1,
    ok: false,
    error: { code: 'MODEL', message: 'unknown' },
  }));
  const refused = await (await deviceWith(clock, refusing)).infer(image);
  expect(refused).toMatchObject({ via: 'device', top: [{ label: 'green' }, {}, {}] });
  expect(refused.edgeError?.message).toBe('the edge refused the frame (MODEL): unknown');
  const broken = fakeTransport(async () => {
    clock.pass(40);
    throw new TransportError('gone');
  });
  const alone = await (await deviceWith(clock, broken)).infer(image);
  expect(alone.edgeError?.message).toBe('gone');
  expect(alone.timeMs).toEqual({ device: 30, link: 42, edge: 0, total: 72 });
});

test('a mistake inside the transport is not hidden as an edge that is away', async () => {
  const transport = fakeTransport(() => Promise.reject(new TypeError('a bug')));
  await expect((await deviceWith(fakeClock(), transport)).infer(image)).rejects.toThrow('a bug');
});

test.each([true, false])(
  'a limit below the first chunk is answered by the device, which says why (edge: %s)',
  async (hasEdge) => {
    const transport = fakeTransport(() => expect.unreachable('the edge was asked'));
    const device = await deviceWith(fakeClock(), hasEdge ? transport : undefined);
    const answer = await device.infer(image, { maxBytes: 12 });
    expect(answer).toMatchObject({
      via: 'device',
      top: [{ label: 'green' }, {}, {}],
      frameBytes: 0,
      chunks: { decoded: 0, of: 0 },
      timeMs: { device: 32, link: 0, edge: 0, total: 32 },
    });
    expect(answer.edgeError).toBeInstanceOf(CodecError);
    expect(answer.edgeError?.message).toMatch(/more than the limit of 12$/);
    await expect(device.compress(image, { maxBytes: 12 })).rejects.toThrow(CodecError);
  },
);

test('a fallback that does not load leaves no session open', async () => {
  const { model } = await tinySplitModel();
  const sessions = fakeRuntime(fakeClock());
  let closed = 0;
  const runtime: Runtime = {
    name: 'fake',
    async createSession(graph, options) {
      if (options?.threads === 1) throw new Error('no memory');
      const session = await sessions.createSession(graph);
      return {
        ...session,
        close: async () => {
          closed++;
        },
      };
    },
  };
  await expect(createDevice({ model, runtime })).rejects.toThrow('no memory');
  expect(closed).toBe(1);
});

test('a timeout that no timer can wait for is refused before anything is loaded', async () => {
  const { model } = await tinySplitModel();
  const runtime: Runtime = { name: 'fake', createSession: () => expect.unreachable('a graph was loaded') };
  await expect(createDevice({ model, runtime, timeoutMs: 2 ** 31 })).rejects.toThrow(
    new RangeError('timeoutMs must be 0 to 2147483647 ms, got 2147483648'),
  );
});
