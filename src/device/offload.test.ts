import { expect, test } from 'vitest';
import { TransportError } from '../core/errors.ts';
import { chunkHeaderBytes, frameHeaderBytes, type InferAnswer, serializeFrame } from '../core/wire/index.ts';
import { createVirtualClock } from '../lab/experiments/link/simulation/virtual-clock.ts';
import { createOffloader, type Offloaded } from './offload.ts';
import type { Planner } from './send-plan.ts';
import type { Connection, FrameStreamEvents, SentChunk, Transport } from './transport/transport.ts';

const chunks = 8;
const frame = serializeFrame({
  modelId: '0123456789ab',
  payloads: Array.from({ length: chunks }, () => new Uint8Array(100)),
});
const value = { edge: Array.from({ length: chunks }, (_, i) => 0.7 + 0.03 * i), device: 0.75 };

const answerFrom = (decoded: number, of = chunks): InferAnswer => ({
  requestId: 1,
  ok: true,
  top: [{ label: 'red', probability: 1 }],
  chunks: { decoded, of },
  timeMs: { queue: 0, compute: 10, total: 10 },
});

interface Burst {
  readonly atMs: number;
  readonly chunks: readonly SentChunk[];
}

/** An offloader over a transport that does what a test says, on a clock that passes by itself. */
function offloaderOver(
  options: {
    readonly plan?: readonly number[];
    readonly connect?: () => Promise<Connection>;
    readonly openStream?: Transport['openStream'];
  } = {},
) {
  const clock = createVirtualClock();
  const bursts: Burst[] = [];
  const ended: boolean[] = [];
  let events: FrameStreamEvents | undefined;
  let onBurst = (_: Burst, __: FrameStreamEvents): void => undefined;
  const connection = { handshakeMs: 40 };
  const transport: Transport = {
    send: () => expect.unreachable('a whole frame was sent'),
    connect: options.connect ?? (async () => connection),
    openStream(given) {
      if (options.openStream) return options.openStream(given);
      events = given;
      return {
        send(sent) {
          const burst = { atMs: clock.now(), chunks: sent };
          bursts.push(burst);
          onBurst(burst, given);
        },
        end: (missed) => ended.push(missed),
      };
    },
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
  const { plan } = options;
  const planner: { planner?: Planner } = plan ? { planner: () => plan } : {};
  const offloader = createOffloader({ transport, clock, ...planner });
  async function offload(deadlineMs = 200): Promise<Offloaded & { readonly atMs: number }> {
    const done = offloader.offload({ frame, value, answerByMs: clock.now() + deadlineMs });
    const outcome = done.then((offloaded) => ({ ...offloaded, atMs: clock.now() }));
    await clock.run();
    return outcome;
  }
  return {
    clock,
    offload,
    offloader,
    bursts,
    ended,
    events: () => events,
    whenBurst: (callback: typeof onBurst) => {
      onBurst = callback;
    },
  };
}

test('the edge is answered for as soon as its answer comes', async () => {
  const over = offloaderOver({ plan: [chunks] });
  over.whenBurst((_, events) => {
    over.clock.after(50, () => events.onAcknowledged(chunks));
    over.clock.after(60, () => events.onResponse(answerFrom(chunks)));
  });
  const { answer, isPrefix, atMs, frameBytes } = await over.offload();
  expect({ decoded: answer?.chunks.decoded, isPrefix, atMs }).toEqual({ decoded: chunks, isPrefix: false, atMs: 60 });
  expect(frameBytes).toBe(frameHeaderBytes + chunks * (chunkHeaderBytes + 100));
  expect(over.ended).toEqual([false]);
});

test('only what is planned is announced and sent', async () => {
  const over = offloaderOver({ plan: [3] });
  over.whenBurst((_, events) => events.onResponse(answerFrom(3, 3)));
  const { chunks: sent, frameBytes } = await over.offload();
  expect({ sent, frameBytes }).toEqual({ sent: 3, frameBytes: frameHeaderBytes + 3 * (chunkHeaderBytes + 100) });
  const [header] = over.bursts[0]?.chunks ?? [];
  // Byte 3 of the frame is the number of chunks in it.
  expect(header?.bytes[3]).toBe(3);
});

test('a burst follows the one before when that is acknowledged', async () => {
  const over = offloaderOver({ plan: [2, 5, 8] });
  over.whenBurst(({ chunks: sent }, events) => {
    const last = (sent.at(-1)?.index ?? 0) + 1;
    over.clock.after(1, () => events.onAcknowledged(last));
    if (last === chunks) over.clock.after(40, () => events.onResponse(answerFrom(chunks)));
  });
  await over.offload();
  expect(over.bursts.map(({ atMs, chunks: sent }) => [atMs, sent.map(({ index }) => index)])).toEqual([
    [0, [0, 1]],
    [1, [2, 3, 4]],
    [2, [5, 6, 7]],
  ]);
});

test('without an acknowledgement a burst follows when the link should be idle, and none that would come too late', async () => {
  const over = offloaderOver({ plan: [2, 4, 6, 8] });
  const { reason, atMs } = await over.offload(85);
  const times = over.bursts.map(({ atMs: sentMs }) => sentMs);
  // At 1 Mbit/s, which an unknown link is taken for, a burst of two takes 2.5 ms or so.
  expect(times[0]).toBe(0);
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1);
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeLessThan(4);
  expect(atMs).toBe(85);
  expect(reason?.message).toBe('no answer from the edge within 85 ms');
  expect(over.ended).toEqual([true]);
  const tight = offloaderOver({ plan: [2, 4, 6, 8] });
  await tight.offload(73);
  expect(tight.bursts.length).toBeLessThan(4);
});

test('an answer from a part of what was sent is a prefix', async () => {
  const over = offloaderOver({ plan: [chunks] });
  over.whenBurst((_, events) => events.onResponse(answerFrom(4)));
  expect(await over.offload()).toMatchObject({ isPrefix: true, chunks, answer: { chunks: { decoded: 4 } } });
});

test('refusals, broken connections and edges that cannot be reached are told', async () => {
  const refused = offloaderOver({ plan: [chunks] });
  refused.whenBurst((_, events) =>
    events.onResponse({ requestId: 1, ok: false, error: { code: 'MODEL', message: 'unknown' } }),
  );
  expect((await refused.offload()).reason?.message).toBe('the edge refused the frame (MODEL): unknown');
  const broken = offloaderOver({ plan: [chunks] });
  broken.whenBurst((_, events) => events.onBroken(new TransportError('gone')));
  expect((await broken.offload()).reason?.message).toBe('gone');
  const away = offloaderOver({ connect: () => Promise.reject(new TransportError('nobody there')) });
  expect(await away.offload()).toMatchObject({ chunks: 0, frameBytes: 0, reason: { message: 'nobody there' } });
});

test('a transport that makes mistakes is told of like an edge that is away', async () => {
  const refusing = offloaderOver({ connect: () => Promise.reject(new TypeError('no such host')) });
  expect((await refusing.offload()).reason).toMatchObject({
    name: 'TransportError',
    message: 'the way to the edge failed: no such host',
    cause: new TypeError('no such host'),
  });
  const throwing = offloaderOver({
    plan: [chunks],
    openStream() {
      throw new RangeError('no stream left');
    },
  });
  expect((await throwing.offload()).reason?.message).toBe('the way to the edge failed: no stream left');
  const ended: boolean[] = [];
  const breaking = offloaderOver({
    plan: [chunks],
    openStream(events) {
      events.onBroken(new TransportError('broke at once'));
      return { send: () => expect.unreachable('something was sent'), end: (missed) => ended.push(missed) };
    },
  });
  expect((await breaking.offload()).reason?.message).toBe('broke at once');
  expect(ended).toEqual([false]);
});

test('a connection that is not there yet is waited for only as long as an answer could still come', async () => {
  const over = offloaderOver({ connect: () => new Promise(() => undefined) });
  const { reason, atMs } = await over.offload(200);
  expect(reason?.message).toBe('there is no connection to the edge yet');
  expect(atMs).toBeLessThan(130);
});

test('what comes after the deadline teaches the link, and sends nothing more', async () => {
  const over = offloaderOver({ plan: [4, 8] });
  over.whenBurst((_, events) => over.clock.after(300, () => events.onAcknowledged(4)));
  await over.offload(100);
  expect(over.offloader.estimate().waitingBytes).toBeGreaterThan(0);
  const sent = over.bursts.length;
  over.events()?.onAcknowledged(8);
  expect(over.offloader.estimate().waitingBytes).toBe(0);
  expect(over.bursts).toHaveLength(sent);
});

test('of each connection the link begins anew', async () => {
  const first = { handshakeMs: 40 };
  const second = { handshakeMs: 90 };
  let current: Connection = first;
  const over = offloaderOver({ plan: [chunks], connect: async () => current });
  await over.offload(100);
  expect(over.offloader.estimate().waitingBytes).toBeGreaterThan(0);
  current = second;
  over.whenBurst((_, events) => events.onResponse(answerFrom(chunks)));
  const waiting = over.offloader.estimate().waitingBytes;
  await over.offload(300);
  expect(over.offloader.estimate().waitingBytes).toBeLessThanOrEqual(waiting);
});
