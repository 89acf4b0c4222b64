import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRandom, pickTensor, tensor, zeros } from '../../core/tensor/index.ts';
import { createNodeRuntime } from '../../runtime/node.ts';
import { softmaxCrossEntropy } from '../autodiff/index.ts';
import { gemm, input } from '../graph/index.ts';
import { openCheckpoint } from './checkpoint.ts';
import { batchOrder, type OptimizeOptions, optimize } from './optimize.ts';

describe('batchOrder', () => {
  const samples = Array.from({ length: 10 }, (_, i) => i * 3);

  test('is the same for the same seed, and another for another', () => {
    expect(batchOrder(samples, 4, 3, 1)).toEqual(batchOrder(samples, 4, 3, 1));
    expect(batchOrder(samples, 4, 3, 1)).not.toEqual(batchOrder(samples, 4, 3, 2));
  });

  test('an epoch takes each sample once at most, in whole batches', () => {
    const batches = batchOrder(samples, 4, 3, 1);
    expect(batches.map((batch) => batch.length)).toEqual([4, 4, 4, 4, 4, 4]);
    for (let epoch = 0; epoch < 3; epoch++) {
      const seen = batches.slice(2 * epoch, 2 * epoch + 2).flat();
      expect(new Set(seen).size).toBe(8);
      expect(seen.every((sample) => samples.includes(sample))).toBe(true);
    }
  });

  test('fewer samples than a batch make one smaller batch an epoch', () => {
    expect(batchOrder([5, 6], 32, 2, 0).map((batch) => [...batch].sort())).toEqual([
      [5, 6],
      [5, 6],
    ]);
  });
});

let folder = '';
let runtime: Awaited<ReturnType<typeof createNodeRuntime>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-optimize-'));
  runtime = await createNodeRuntime({ worker: false, threads: 1 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A classifier of two planted classes, with a learning-rate note that steers the batches. */
function tinyTraining(checkpointName: string): OptimizeOptions<number> & { losses: number[] } {
  const random = createRandom(4);
  const points = Array.from({ length: 40 }, (_, i) => [random.normal() + (i % 2 ? 2 : -2), random.normal()]);
  const losses: number[] = [];
  let noted = 1;
  return {
    losses,
    name: 'tiny',
    runtime,
    checkpoint: openCheckpoint(join(folder, checkpointName), 'tiny'),
    seed: 5,
    epochs: 5,
    batchSize: 8,
    learningRate: 0.1,
    samples: points.map((_, i) => i),
    parameters: { weights: zeros('float32', [2, 2]), bias: zeros('float32', [2]) },
    weightDecay: (name) => (name === 'weights' ? 0.01 : 0),
    learningRateFactor: (name) => (name === 'bias' ? 2 : 1),
    build: (graph, trained) => {
      const x = input(graph, 'x', 'float32', [8, 2]);
      const logits = gemm(x, trained('weights'), trained('bias'));
      return { loss: softmaxCrossEntropy(logits, input(graph, 'targets', 'float32', [8, 2])) };
    },
    batch: (samples) => ({
      x: tensor(
        'float32',
        [8, 2],
        Float32Array.from(samples.flatMap((i) => (points[i] as number[]).map((v) => v * noted))),
      ),
      targets: tensor('float32', [8, 2], Float32Array.from(samples.flatMap((i) => (i % 2 ? [0, 1] : [1, 0])))),
    }),
    afterStep: ({ loss = 0 }) => {
      losses.push(loss);
      noted = 1 + 0.1 * loss;
    },
    notes: {
      save: () => noted,
      restore: (saved) => {
        noted = saved;
      },
    },
  };
}

test('learns', async () => {
  const training = tinyTraining('learns');
  const { parameters: trained } = await optimize(training);
  expect(training.losses).toHaveLength(25);
  expect(training.losses[0]).toBeCloseTo(Math.LN2, 5);
  expect(training.losses.at(-1)).toBeLessThan(0.2);
  expect(pickTensor(trained, 'weights', 'float32').shape).toEqual([2, 2]);
});

test('a training that was aborted goes on to the same result, bit for bit', async () => {
  const whole = await optimize(tinyTraining('whole'));
  for (const stopAfter of [1, 7, 24]) {
    const controller = new AbortController();
    const name = `broken-${stopAfter}`;
    const broken = optimize({
      ...tinyTraining(name),
      signal: controller.signal,
      onProgress: (done) => {
        if (done === stopAfter) controller.abort(new Error('enough'));
      },
    });
    await expect(broken).rejects.toThrow('enough');
    const resumed = tinyTraining(name);
    expect(await optimize(resumed)).toEqual(whole);
    expect(resumed.losses).toHaveLength(25 - stopAfter);
  }
});
