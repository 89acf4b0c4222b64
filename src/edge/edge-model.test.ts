import { expect, test } from 'vitest';
import { tinySplitModel } from '../../test/fixtures/tiny-split-model.ts';
import { DeadlineError, GraphError } from '../core/errors.ts';
import { zeros } from '../core/tensor/index.ts';
import { encodeFrame } from '../core/wire/index.ts';
import type { Runtime } from '../runtime/session.ts';
import { createEdgeModel } from './edge-model.ts';

const { model } = await tinySplitModel();
const frame = encodeFrame(new Int16Array(6 * 49), model.layout);

/** A graph whose runs take what `nextMs` says, by a clock that only they move, and end when they are let. */
function fakeEdge(nextMs: () => number) {
  let nowMs = 0;
  let ends: (() => void)[] = [];
  let isHeld = false;
  let closed = 0;
  const close = async () => {
    closed++;
  };
  const runtime: Runtime = {
    name: 'fake',
    createSession: async () => ({
      inputNames: [],
      outputNames: [],
      async run() {
        if (isHeld) await new Promise<void>((resolve) => ends.push(resolve));
        nowMs += nextMs();
        return { logits: zeros('float32', [1, 3]) };
      },
      close,
      [Symbol.asyncDispose]: close,
    }),
  };
  return {
    edge: () => createEdgeModel(model, runtime, { now: () => nowMs }),
    pass(ms: number) {
      nowMs += ms;
    },
    hold() {
      isHeld = true;
    },
    release() {
      isHeld = false;
      for (const end of ends) end();
      ends = [];
    },
    closed: () => closed,
  };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

test('the slow first run of a graph is nobody’s, the second is the first estimate', async () => {
  const times = [300, 20, 20];
  const edge = await fakeEdge(() => times.shift() ?? expect.unreachable('one run too many')).edge();
  expect(edge.expectedComputeMs()).toBe(40);
  expect(await edge.infer({ requestId: 1, frame })).toMatchObject({ timeMs: { compute: 20, total: 20 } });
  expect(edge.expectedComputeMs()).toBe(35);
});

test('what waits and what is left of the running one is added to what is expected', async () => {
  const { edge, pass, hold, release } = fakeEdge(() => 20);
  const edgeModel = await edge();
  hold();
  const answers = [1, 2, 3].map((requestId) => edgeModel.infer({ requestId, frame }));
  await tick();
  expect(edgeModel.expectedComputeMs()).toBe(3 * 20 + 40);
  pass(15);
  expect(edgeModel.expectedComputeMs()).toBe(3 * 20 - 15 + 40);
  pass(15);
  expect(edgeModel.expectedComputeMs()).toBe(2 * 20 + 40);
  release();
  await Promise.all(answers);
  expect(edgeModel.expectedComputeMs()).toBeLessThan(60);
});

test('a deadline that passes in the queue is refused, and what is left of it told in whole milliseconds', async () => {
  const { edge, hold, release } = fakeEdge(() => 20);
  const edgeModel = await edge();
  hold();
  const first = edgeModel.infer({ requestId: 1, frame });
  const second = edgeModel.infer({ requestId: 2, remainingMs: 15.7, frame });
  await tick();
  release();
  await first;
  await expect(second).rejects.toThrow(
    new DeadlineError('the request waited 20 ms at the edge, its deadline was 15 ms away'),
  );
});

test('a graph that does not run is told at once and leaves no session open', async () => {
  const broken = fakeEdge(() => {
    throw new GraphError('no memory');
  });
  await expect(broken.edge()).rejects.toThrow('no memory');
  expect(broken.closed()).toBe(1);
});
