import { expect, test } from 'vitest';
import { solidPicture, tinySplitModel } from '../../test/fixtures/tiny-split-model.ts';
import { CodecError, DeadlineError, TransportError } from '../core/errors.ts';
import { type Tensor, tensor, zeros } from '../core/tensor/index.ts';
import type { InferAnswer, InferResponse } from '../core/wire/index.ts';
import type { Runtime, Session } from '../runtime/session.ts';
import { createDevice } from './device.ts';
import type { FrameStreamEvents, SentChunk, Transport, TransportRequest } from './transport/transport.ts';

/** A clock that only moves when told, and then wakes up whom it has to. */
function fakeClock() {
  let nowMs = 1000;
  let timers: { readonly atMs: number; readonly callback: () => void }[] = [];
  return {
    now: () => nowMs,
    after(delayMs: number, callback: () => void) {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    pass(ms: number) {
      nowMs += ms;
      const due = timers.filter(({ atMs }) => atMs <= nowMs);
      timers = timers.filter(({ atMs }) => atMs > nowMs);
      for (const { callback } of due) callback();
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

/** What is sent chunk by chunk is answered by `answerStream`, once the last planned chunk is there. */
function fakeTransport(
  answer: (request: TransportRequest, timeoutMs: number) => Promise<InferResponse>,
  answerStream: (sent: readonly SentChunk[], events: FrameStreamEvents) => void = () => undefined,
) {
  const connection = { handshakeMs: 40 };
  const transport: Transport = {
    send: (request, { timeoutMs }) => answer(request, timeoutMs),
    connect: async () => connection,
    openStream: (events) => ({ send: (chunks) => answerStream(chunks, events), end: () => undefined }),
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
  return transport;
}

const edgeAnswer = (totalMs: number): InferAnswer => ({
  requestId: 1,
  ok: true,
  top: [{ label: 'red', probability: 1 }],
  chunks: { decoded: 3, of: 3 },
  timeMs: { queue: 0, compute: totalMs, total: totalMs },
});

async function deviceWith(clock: Clock, transport?: Transport) {
  const { model } = await tinySplitModel();
  const options = { model, runtime: fakeRuntime(clock), clock, timeoutMs: 500 };
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

test('without a deadline the whole frame goes out in one message, and the wait is the timeout', async () => {
  const seen: unknown[] = [];
  const transport = fakeTransport(
    async ({ remainingMs }, timeoutMs) => {
      seen.push({ remainingMs, timeoutMs });
      return edgeAnswer(1);
    },
    () => expect.unreachable('chunks were sent'),
  );
  const answer = await (await deviceWith(fakeClock(), transport)).infer(image);
  expect(seen).toEqual([{ remainingMs: undefined, timeoutMs: 500 }]);
  expect(answer).toMatchObject({ via: 'edge', inTime: true });
});

test('with a deadline chunks carry what is left of it, less the ways there and back', async () => {
  const clock = fakeClock();
  const sent: SentChunk[] = [];
  const transport = fakeTransport(
    () => expect.unreachable('a whole frame was sent'),
    (chunks, events) => {
      sent.push(...chunks);
      clock.pass(45);
      events.onAcknowledged(chunks.length);
      events.onResponse(edgeAnswer(5));
    },
  );
  const answer = await (await deviceWith(clock, transport)).infer(image, { deadlineMs: 200 });
  expect(answer).toMatchObject({ via: 'edge', inTime: true, top: [{ label: 'red' }] });
  expect(sent.map(({ index }) => index)).toEqual(sent.map((_, i) => i));
  // 200 ms less 30 for the picture, 5 for late timers and 40 for the ways there and back.
  for (const { remainingMs } of sent) expect(remainingMs).toBeLessThanOrEqual(125);
  for (const { remainingMs } of sent) expect(remainingMs).toBeGreaterThan(60);
});

test('an answer from fewer chunks than were sent says so, and counts only when it is better than the device', async () => {
  const answerFrom = (decoded: number) => {
    const clock = fakeClock();
    const transport = fakeTransport(
      () => expect.unreachable('a whole frame was sent'),
      (chunks, events) => {
        clock.pass(50);
        events.onResponse({ ...edgeAnswer(5), chunks: { decoded, of: chunks.length } });
      },
    );
    return deviceWith(clock, transport).then((device) => device.infer(image, { deadlineMs: 500 }));
  };
  expect(await answerFrom(2)).toMatchObject({ via: 'edge-prefix', chunks: { decoded: 2, of: 3 } });
});

test('when no answer comes the device answers before the deadline, and says why', async () => {
  const clock = fakeClock();
  const transport = fakeTransport(() => expect.unreachable('a whole frame was sent'));
  const device = await deviceWith(clock, transport);
  const answering = device.infer(image, { deadlineMs: 200 });
  for (let i = 0; i < 300; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.pass(1);
  }
  const answer = await answering;
  expect(answer).toMatchObject({ via: 'device', inTime: true, top: [{ label: 'green' }, {}, {}] });
  expect(answer.timeMs.total).toBeLessThanOrEqual(200);
  expect(answer.edgeError?.message).toMatch(/^no answer from the edge within 16\d ms$/);
});

test("an edge's answer does not wait for a device that has not got its own in time", async () => {
  const clock = fakeClock();
  const quick = fakeRuntime(clock);
  let fallbacks = 0;
  const runtime: Runtime = {
    ...quick,
    async createSession(graph, options) {
      const session = await quick.createSession(graph, options);
      // The two pictures that the device tries itself on are answered, then the classifier hangs.
      const run: Session['run'] = (inputs, outputs) =>
        'pooled' in inputs && ++fallbacks > 2 ? new Promise(() => undefined) : session.run(inputs, outputs);
      return { ...session, run };
    },
  };
  const transport = fakeTransport(
    () => expect.unreachable('a whole frame was sent'),
    (chunks, events) => {
      events.onAcknowledged(chunks.length);
      events.onResponse(edgeAnswer(5));
    },
  );
  const { model } = await tinySplitModel();
  const device = await createDevice({ model, runtime, transport, clock });
  const answering = device.infer(image, { deadlineMs: 200 });
  for (let i = 0; i < 200; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.pass(1);
  }
  expect(await answering).toMatchObject({ via: 'edge', inTime: true, top: [{ label: 'red' }] });
});

test('a deadline shorter than the device itself needs is an error at once that names the shortest one', async () => {
  const transport = fakeTransport(() => expect.unreachable('the edge was asked'));
  const clock = fakeClock();
  const device = await deviceWith(clock, transport);
  expect(device.shortestDeadlineMs()).toBe(37);
  const beforeMs = clock.now();
  await expect(device.infer(image, { deadlineMs: 20 })).rejects.toThrow(
    new DeadlineError('a deadline of 20 ms is too short: this device needs 37 ms by itself'),
  );
  expect(clock.now()).toBe(beforeMs);
});

test('one slow picture does not lock the device out of its deadline for ever', async () => {
  const clock = fakeClock();
  const device = await deviceWith(clock);
  const slow = device.infer(image, { deadlineMs: 60 });
  clock.pass(400);
  await slow;
  expect(device.shortestDeadlineMs()).toBeGreaterThan(60);
  let refusals = 0;
  for (; refusals < 20 && device.shortestDeadlineMs() > 60; refusals++) {
    await expect(device.infer(image, { deadlineMs: 60 })).rejects.toThrow(DeadlineError);
  }
  expect(refusals).toBeGreaterThan(0);
  expect(await device.infer(image, { deadlineMs: 60 })).toMatchObject({ via: 'device', inTime: true });
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, -1])('a deadline of %s ms is refused', async (deadlineMs) => {
  const device = await deviceWith(fakeClock());
  await expect(device.infer(image, { deadlineMs })).rejects.toThrow(RangeError);
  await expect(device.infer(image, { skipAbove: Number.NaN })).rejects.toThrow('skipAbove must be 0 to 1, got NaN');
});

test('a device that is sure of its own answer sends nothing, if it may', async () => {
  const transport = fakeTransport(() => expect.unreachable('the edge was asked'));
  const device = await deviceWith(fakeClock(), transport);
  const sure = { via: 'device', top: [{ label: 'green' }, {}, {}] };
  const skipped = await device.infer(image, { skipAbove: 0.9 });
  expect(skipped).toMatchObject(sure);
  expect(skipped.timeMs).toEqual({ device: 32, link: 0, edge: 0, total: 32 });
  expect(await device.infer(image, { offload: false })).toMatchObject(sure);
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
