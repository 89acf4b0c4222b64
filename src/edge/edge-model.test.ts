import { expect, test } from 'vitest';
import { tinySplitModel } from '../../test/fixtures/tiny-split-model.ts';
import { GraphError, WireFormatError } from '../core/errors.ts';
import { tensor } from '../core/tensor/index.ts';
import { encodeFrame } from '../core/wire/index.ts';
import { createVirtualClock } from '../lab/experiments/link/simulation/virtual-clock.ts';
import type { Runtime } from '../runtime/session.ts';
import { createEdgeModel } from './edge-model.ts';

const { model } = await tinySplitModel();
const frame = encodeFrame(new Int16Array(6 * 49), model.layout);

/** A graph that says of each latent its place in the batch, and takes what `batchMs` says, on a clock that passes by itself. */
function fakeEdge(batchMs: (size: number) => number) {
  const clock = createVirtualClock();
  const sizes: number[] = [];
  let closed = 0;
  const close = async () => {
    closed++;
  };
  const runtime: Runtime = {
    name: 'fake',
    createSession: async () => ({
      inputNames: [],
      outputNames: [],
      run({ latent }) {
        const [size = 0] = latent?.shape ?? [];
        sizes.push(size);
        const logits = tensor(
          'float32',
          [size, 3],
          Float32Array.from({ length: 3 * size }, (_, i) => i),
        );
        const ms = batchMs(size);
        return new Promise((resolve) => clock.after(ms, () => resolve({ logits })));
      },
      close,
      [Symbol.asyncDispose]: close,
    }),
  };
  return {
    clock,
    sizes,
    async edge() {
      const made = createEdgeModel(model, runtime, {
        maxBatch: 4,
        loop: { ...clock, atEndOfTurn: (callback) => void clock.after(0, callback) },
      });
      let isMade = false;
      const settle = (): void => {
        isMade = true;
      };
      made.then(settle, settle);
      // Hashes are checked in real time, runs take virtual time.
      while (!isMade) await clock.run();
      return made;
    },
    closed: () => closed,
  };
}

test('frames that come together are one batch, and each gets its own logits', async () => {
  const { edge, clock, sizes } = fakeEdge((size) => 10 + 5 * size);
  const edgeModel = await edge();
  expect(sizes).toEqual([1, 1, 4, 4]);
  const answers = [1, 2, 3].map((requestId) => edgeModel.infer({ requestId, frame }));
  const logits = edgeModel.inferLogits({ frame });
  await clock.run();
  expect(sizes.slice(4)).toEqual([4]);
  expect((await logits).logits).toEqual(Float32Array.of(9, 10, 11));
  const [first, second] = await Promise.all(answers);
  expect([first?.requestId, second?.requestId]).toEqual([1, 2]);
  expect(first).toMatchObject({
    ok: true,
    chunks: { decoded: 3, of: 3 },
    timeMs: { queue: 0, compute: 30, total: 30 },
  });
  expect(first?.top[0]?.label).toBe(model.manifest.classes[2]);
});

test('the slow first runs of a graph are nobody’s, the second ones are the first estimate', async () => {
  const times = [300, 15, 300, 30];
  const { edge, clock } = fakeEdge(() => times.shift() ?? 15);
  const edgeModel = await edge();
  // The estimate, as much again because it rests on one run, and what timers may be late.
  expect(edgeModel.expectedComputeMs(Number.POSITIVE_INFINITY)).toBe(2 * 15 + 2);
  const answer = edgeModel.infer({ requestId: 1, frame });
  await clock.run();
  expect((await answer).timeMs.compute).toBe(15);
});

test('a frame of which nothing decodes fails alone', async () => {
  const { edge, clock } = fakeEdge(() => 10);
  const edgeModel = await edge();
  const broken = edgeModel.infer({ requestId: 1, frame: frame.subarray(0, 8) });
  const whole = edgeModel.infer({ requestId: 2, frame });
  const settled = Promise.allSettled([broken, whole]);
  await clock.run();
  expect(await settled).toMatchObject([{ reason: expect.any(WireFormatError) }, { value: { requestId: 2 } }]);
});

test('it closes when what it accepted is answered', async () => {
  const { edge, clock, closed } = fakeEdge(() => 10);
  const edgeModel = await edge();
  const answer = edgeModel.infer({ requestId: 1, frame });
  const close = edgeModel.close();
  expect(closed()).toBe(0);
  await clock.run();
  await answer;
  await close;
  expect(closed()).toBe(1);
});

test('a graph that does not run is told at once and leaves no session open', async () => {
  const broken = fakeEdge(() => {
    throw new GraphError('no memory');
  });
  await expect(broken.edge()).rejects.toThrow('no memory');
  expect(broken.closed()).toBe(1);
});
