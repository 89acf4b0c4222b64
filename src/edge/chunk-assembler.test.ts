import { describe, expect, test } from 'vitest';
import { tinySplitModel } from '../../test/fixtures/tiny-split-model.ts';
import {
  decodeFrame,
  encodeFrame,
  type InferRequest,
  type InferResponse,
  serializeChunkMessage,
  splitFrame,
} from '../core/wire/index.ts';
import { createChunkAssembler, maxOpenRequests } from './chunk-assembler.ts';
import type { EventLoop } from './event-loop.ts';
import { createResponder } from './responder.ts';

const { model } = await tinySplitModel();
const frame = encodeFrame(new Int16Array(6 * 49).fill(3), model.layout);
const parts = splitFrame(frame);
const otherFrame = encodeFrame(new Int16Array(6 * 49), { ...model.layout, modelId: '0123456789ab' });

/** An event loop whose time and turns only pass when told. */
function fakeLoop() {
  let nowMs = 1000;
  let turn: (() => void)[] = [];
  const timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  const loop: EventLoop = {
    now: () => nowMs,
    after(delayMs, callback) {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    atEndOfTurn: (callback) => turn.push(callback),
  };
  function endTurn(): void {
    const callbacks = turn;
    turn = [];
    for (const callback of callbacks) callback();
  }
  function pass(ms: number): void {
    const endMs = nowMs + ms;
    for (;;) {
      const [next] = [...timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      timers.delete(next);
      nowMs = next.atMs;
      next.callback();
      endTurn();
    }
    nowMs = endMs;
  }
  return { loop, endTurn, pass, timers };
}

interface AssemblerCase {
  /** What the edge expects to need, in ms; 30 when left out. */
  readonly expectedMs?: () => number;
  readonly maxFrameBytes?: number;
}

/** An assembler in front of an edge that answers as soon as it is let, from what decodes of the frame. */
function assemblerFor({ expectedMs = () => 30, maxFrameBytes = 2000 }: AssemblerCase = {}) {
  const time = fakeLoop();
  /** All that went out, in order. */
  const sent: unknown[] = [];
  const asked: InferRequest[] = [];
  let letAnswer = (): void => undefined;
  let gate: Promise<void> = Promise.resolve();
  const responder = createResponder(
    () => [
      {
        model,
        async infer(request) {
          asked.push(request);
          await gate;
          const { chunksDecoded, chunksOf, damage } = decodeFrame(request.frame, model.layout);
          return {
            requestId: request.requestId,
            ok: true,
            top: [],
            chunks: { decoded: chunksDecoded, of: chunksOf },
            ...(damage && { warning: damage.message }),
            timeMs: { queue: 0, compute: 0, total: 0 },
          };
        },
        expectedComputeMs: expectedMs,
      },
    ],
    (error) => expect.unreachable(`the edge's own fault: ${error}`),
  );
  const assembler = createChunkAssembler({
    responder,
    loop: time.loop,
    maxFrameBytes,
    incompleteTimeoutMs: 10_000,
    sendResponse: (response: InferResponse) => sent.push(response),
    sendAcknowledgement: (acknowledgement) => sent.push(acknowledgement),
  });

  interface Sent {
    readonly requestId?: number;
    readonly remainingMs?: number;
    readonly bytes?: Uint8Array;
  }
  function send(indices: readonly number[], { requestId = 7, remainingMs, bytes }: Sent = {}): void {
    for (const index of indices) {
      const deadline = remainingMs === undefined ? {} : { remainingMs };
      assembler.receive(
        serializeChunkMessage({ requestId, index, ...deadline, bytes: bytes ?? (parts[index] as Uint8Array) }),
      );
    }
  }
  return {
    ...time,
    assembler,
    sent,
    asked,
    send,
    /** Holds answers back until `letAnswer`. */
    hold() {
      gate = new Promise((resolve) => {
        letAnswer = resolve;
      });
    },
    letAnswer: () => letAnswer(),
  };
}

/** Lets answers that are under way come out. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

const answerFrom = (decoded: number, requestId = 7) => ({ requestId, ok: true, chunks: { decoded, of: 3 } });
const refusal = (code: string, message: string, requestId = 7) => ({
  requestId,
  ok: false,
  error: { code, message: expect.stringContaining(message) },
});

test('chunks that came together are acknowledged together, and the whole frame is inferred at once', async () => {
  const { send, sent, asked, endTurn, timers } = assemblerFor();
  send([0, 1], { remainingMs: 500 });
  endTurn();
  expect(sent).toEqual([{ requestId: 7, chunks: 2 }]);
  send([2], { remainingMs: 450 });
  expect(asked).toEqual([{ requestId: 7, remainingMs: 450, frame }]);
  endTurn();
  await settled();
  expect(sent).toMatchObject([{ chunks: 2 }, { requestId: 7, chunks: 3 }, answerFrom(3)]);
  expect(timers.size).toBe(0);
});

test('an incomplete frame is inferred when the answer must be begun, without a warning of damage', async () => {
  const { send, sent, asked, endTurn, pass } = assemblerFor();
  send([0, 1], { remainingMs: 100 });
  endTurn();
  pass(69);
  expect(asked).toEqual([]);
  pass(1);
  expect(asked).toMatchObject([{ requestId: 7, remainingMs: 30 }]);
  await settled();
  expect(sent).toMatchObject([{ chunks: 2 }, answerFrom(2)]);
  expect(sent.at(-1)).not.toHaveProperty('warning');
});

test('the earliest moment that any chunk tells counts', () => {
  const { send, asked, endTurn, pass } = assemblerFor();
  send([0], { remainingMs: 500 });
  endTurn();
  pass(10);
  send([1], { remainingMs: 60 });
  endTurn();
  pass(20);
  expect(asked).toEqual([]);
  pass(10);
  expect(asked).toHaveLength(1);
});

test('no chunk of a burst is left out of an answer that is due at once', () => {
  const { send, asked, endTurn } = assemblerFor();
  send([0, 1], { remainingMs: 20 });
  expect(asked).toEqual([]);
  endTurn();
  expect(asked[0]?.frame).toEqual(
    frame.subarray(
      0,
      parts.slice(0, 2).reduce((sum, part) => sum + part.length, 0),
    ),
  );
});

test('when the edge turns out to be quicker, it waits for more chunks', () => {
  let expectedMs = 80;
  const { send, asked, endTurn, pass } = assemblerFor({ expectedMs: () => expectedMs });
  send([0], { remainingMs: 100 });
  endTurn();
  expectedMs = 30;
  pass(69);
  expect(asked).toEqual([]);
  pass(1);
  expect(asked).toHaveLength(1);
});

describe('a deadline that cannot be met', () => {
  test.each([[[0]], [[0, 1, 2]]])('is refused at once, and what came is acknowledged: chunks %j', (chunks) => {
    const { send, sent, asked, endTurn } = assemblerFor();
    send(chunks, { remainingMs: 0 });
    endTurn();
    const late = { requestId: 7, chunks: chunks.length };
    expect(sent).toMatchObject([refusal('DEADLINE', `${chunks.length} of 3 chunks`), late]);
    expect(asked).toEqual([]);
  });

  test('is tried while it has not passed, however long it may take', () => {
    const { send, asked, endTurn } = assemblerFor();
    send([0], { remainingMs: 1 });
    endTurn();
    expect(asked).toMatchObject([{ remainingMs: 1 }]);
  });
});

test('without a deadline it waits for all chunks, but not for ever', async () => {
  const { send, sent, asked, endTurn, pass } = assemblerFor();
  send([0]);
  endTurn();
  pass(9000);
  send([1]);
  endTurn();
  pass(999);
  expect(asked).toEqual([]);
  pass(1);
  expect(asked).toMatchObject([{ requestId: 7 }]);
  expect(asked[0]).not.toHaveProperty('remainingMs');
  await settled();
  expect(sent.at(-1)).toMatchObject(answerFrom(2));
});

test('chunks that come after the answer was begun, or was given, are acknowledged and no more', async () => {
  const { send, sent, endTurn, pass, hold, letAnswer } = assemblerFor();
  hold();
  send([0], { remainingMs: 50 });
  endTurn();
  pass(20);
  send([1], { remainingMs: 30 });
  endTurn();
  letAnswer();
  await settled();
  send([2], { remainingMs: 20 });
  endTurn();
  expect(sent).toMatchObject([{ chunks: 1 }, { chunks: 2 }, answerFrom(1), { chunks: 3 }]);
});

describe('nonsense', () => {
  test.each([
    ['a gap', [0, 2], 'at byte 1: expected chunk 1, got chunk 2'],
    ['a chunk twice', [0, 1, 1], 'expected chunk 2, got chunk 1'],
    ['the first chunk twice', [0, 0], 'expected chunk 1, got chunk 0'],
    ['no first chunk', [1, 2], 'expected chunk 0, got chunk 1'],
  ])('%s ends the request with one refusal', async (_, chunks, reason) => {
    const { send, sent, endTurn, pass, timers } = assemblerFor();
    send(chunks, { remainingMs: 100 });
    endTurn();
    pass(200);
    await settled();
    expect(sent).toMatchObject([refusal('WIRE_FORMAT', reason)]);
    expect(timers.size).toBe(0);
  });

  test('what does not begin with a frame header, or is for another model, is refused at once', () => {
    const { send, sent, endTurn } = assemblerFor();
    send([0], { bytes: Uint8Array.of(1, 2, 3) });
    send([1, 2]);
    send([0], { requestId: 8, bytes: otherFrame });
    send([1], { requestId: 8 });
    endTurn();
    expect(sent).toMatchObject([
      refusal('WIRE_FORMAT', 'this is not the beginning of a frame'),
      refusal('MODEL', 'the frame was made for model 0123456789ab', 8),
    ]);
  });

  test('bytes that are no chunk message are refused, and disturb no request', async () => {
    const { send, sent, assembler, endTurn } = assemblerFor();
    send([0, 1], { requestId: 0 });
    assembler.receive(Uint8Array.of(2, 2));
    send([2], { requestId: 0 });
    endTurn();
    await settled();
    expect(sent).toMatchObject([refusal('WIRE_FORMAT', 'got 2 bytes', 0), { chunks: 3 }, answerFrom(3, 0)]);
  });

  test('chunks that do not decode are told like those of a whole frame', async () => {
    const { send, sent, endTurn } = assemblerFor();
    send([0, 1]);
    send([2], { bytes: (parts[2] as Uint8Array).with(5, 99) });
    endTurn();
    await settled();
    expect(sent.at(-1)).toMatchObject({
      ...answerFrom(2),
      warning: expect.stringContaining('chunk 2 is cut or damaged'),
    });
  });

  test('an id may be used again once it was answered', async () => {
    const { send, sent, endTurn } = assemblerFor();
    send([1]);
    send([0, 1, 2]);
    endTurn();
    await settled();
    expect(sent).toMatchObject([refusal('WIRE_FORMAT', 'expected chunk 0'), { chunks: 3 }, answerFrom(3)]);
  });
});

describe('limits', () => {
  test('more open requests than a connection may have are refused, and their chunks dropped', async () => {
    const { send, sent, endTurn } = assemblerFor();
    for (let requestId = 0; requestId <= maxOpenRequests; requestId++) send([0, 1], { requestId });
    endTurn();
    expect(sent).toHaveLength(maxOpenRequests + 1);
    expect(sent[0]).toMatchObject(refusal('ENVIRONMENT', '64 requests of this connection are open', maxOpenRequests));
    send([2], { requestId: 0 });
    await settled();
    send([0], { requestId: 1000 });
    endTurn();
    expect(sent.at(-1)).toEqual({ requestId: 1000, chunks: 1 });
  });

  test('a frame that grows beyond the limit is refused', () => {
    const { send, sent, endTurn, timers } = assemblerFor({ maxFrameBytes: 100 });
    send([0, 1], { bytes: frame.subarray(0, 60) });
    endTurn();
    expect(sent).toMatchObject([refusal('WIRE_FORMAT', 'expected at most 100 bytes, got 120 bytes')]);
    expect(timers.size).toBe(0);
  });
});

describe('the end', () => {
  test('finishing answers open requests from what they have and refuses new ones', async () => {
    const { send, sent, assembler, endTurn, timers, hold, letAnswer } = assemblerFor();
    hold();
    send([0, 1]);
    endTurn();
    let isFinished = false;
    const finished = assembler.finish().then(() => {
      isFinished = true;
    });
    send([0, 1], { requestId: 8 });
    send([2]);
    await settled();
    expect(isFinished).toBe(false);
    letAnswer();
    await finished;
    endTurn();
    expect(sent).toMatchObject([
      { chunks: 2 },
      refusal('ENVIRONMENT', 'the edge is shutting down', 8),
      answerFrom(2),
      { requestId: 7, chunks: 3 },
    ]);
    expect(timers.size).toBe(0);
  });

  test('a connection that is gone leaves no timer, and what was being computed is not sent', async () => {
    const { send, sent, assembler, endTurn, timers, hold, letAnswer } = assemblerFor();
    hold();
    send([0], { remainingMs: 100 });
    send([0, 1, 2], { requestId: 8 });
    assembler.drop();
    endTurn();
    letAnswer();
    await settled();
    expect(sent).toEqual([]);
    expect(timers.size).toBe(0);
    await assembler.finish();
  });
});
