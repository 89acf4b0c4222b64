import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRandom, pickTensor, type TensorMap, tensor, zeros } from '../../core/tensor/index.ts';
import { createNodeRuntime } from '../../runtime/node.ts';
import { softmaxCrossEntropy } from '../autodiff/index.ts';
import { gemm, input } from '../graph/index.ts';
import { openCheckpoint } from './checkpoint.ts';
import { batchOrder, type EpochRecord, type OptimizeOptions, type OptimizeResult, optimize } from './optimize.ts';

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

test('a training breaks off after so many epochs, counts to there, and goes on to the same result', async () => {
  const whole = await optimize(tinyTraining('not paused'));
  const progress: string[] = [];
  const onProgress = (done: number, total: number) => progress.push(`${done} of ${total}`);
  const paused = await optimize({ ...tinyTraining('paused'), onProgress, pauseAfter: 2, validate: async () => 0.5 });
  expect(paused.epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
  expect(progress.at(-1)).toBe('10 of 10');
  expect((await optimize({ ...tinyTraining('paused'), onProgress })).parameters).toEqual(whole.parameters);
  expect(progress.slice(10)).toEqual(Array.from({ length: 15 }, (_, i) => `${11 + i} of 25`));
});

test('validation is asked after each epoch, with the parameters of that moment', async () => {
  const seen: TensorMap[] = [];
  const { parameters, epochs } = await optimize({
    ...tinyTraining('validated'),
    validate: async (values) => seen.push(values) / 10,
  });
  expect(epochs.map(({ epoch, accuracy }) => [epoch, accuracy])).toEqual([1, 2, 3, 4, 5].map((i) => [i, i / 10]));
  expect(seen[4]).toEqual(parameters);
  expect(seen[3]).not.toEqual(parameters);
  // Asking changes nothing.
  expect((await optimize(tinyTraining('not validated'))).parameters).toEqual(parameters);
});

test('with a plateau, training goes on for so many epochs after validation has stopped rising', async () => {
  const accuracies = [0.5, 0.7, 0.7, 0.6, 0.9, 0.1, 0.2];
  const epochsWith = async (patience: number, notBefore?: number) => {
    const left = [...accuracies];
    const training = tinyTraining(`patience ${patience} ${notBefore}`);
    const { epochs } = await optimize({
      ...training,
      validate: async () => left.shift() as number,
      plateau: { patience, decayEpochs: 2, ...(notBefore !== undefined && { notBefore }) },
    });
    expect(epochs.map(({ accuracy }) => accuracy)).toEqual(accuracies.slice(0, epochs.length));
    expect(training.losses).toHaveLength(5 * epochs.length);
    return epochs.length;
  };
  expect(await epochsWith(1)).toBe(3 + 2);
  expect(await epochsWith(2)).toBe(4 + 2);
  expect(await epochsWith(1, 2)).toBe(3 + 2);
  expect(await epochsWith(1, 3)).toBe(4 + 2);
  // Five epochs at most before the learning rate falls.
  expect(await epochsWith(3)).toBe(5 + 2);
});

test('with a plateau, the learning rate falls to nothing in the epochs after it', async () => {
  const seen: TensorMap[] = [];
  const training = tinyTraining('falls');
  await optimize({
    ...training,
    learningRate: 0.02,
    validate: async (values) => 1 / seen.push(values),
    plateau: { patience: 2, decayEpochs: 2 },
  });
  expect(seen).toHaveLength(5);
  const change = (epoch: number): number => {
    const [before, after] = [seen[epoch - 2], seen[epoch - 1]].map(
      (values) => pickTensor(values as TensorMap, 'weights', 'float32').data,
    );
    return Math.hypot(...(after as Float32Array).map((value, i) => value - (before?.[i] as number)));
  };
  expect(change(4)).toBeGreaterThan(0.5 * change(3));
  expect(change(5)).toBeLessThan(0.5 * change(4));
  expect(change(5)).toBeGreaterThan(0);
});

test('seconds rise with training and leave validation out', async () => {
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const training = tinyTraining('seconds');
  const begun: number[] = [];
  const ended: number[] = [performance.now()];
  const { epochs } = await optimize({
    ...training,
    epochs: 3,
    batch: async (samples, step) => {
      await pause(4);
      return training.batch(samples, step);
    },
    validate: async () => {
      begun.push(performance.now());
      await pause(50);
      ended.push(performance.now());
      return 0;
    },
  });
  let before = 0;
  epochs.forEach(({ seconds }, i) => {
    // Timers may ring a millisecond early.
    expect(seconds - before).toBeGreaterThan((5 * 3) / 1000);
    expect(seconds - before).toBeLessThan(((begun[i] as number) - (ended[i] as number)) / 1000 + 1e-6);
    before = seconds;
  });
  expect(epochs).toHaveLength(3);
});

describe('an aborted training with validation', () => {
  /** Weights grow, so that the first epoch is the best one: training ends after the fourth. */
  const impatient = (name: string): OptimizeOptions<number> & { losses: number[] } =>
    Object.assign(tinyTraining(name), {
      plateau: { patience: 2, decayEpochs: 1 },
      validate: async (parameters: TensorMap) => 1 / Math.hypot(...pickTensor(parameters, 'weights', 'float32').data),
    });
  const withoutSeconds = ({ parameters, epochs }: OptimizeResult) => ({
    parameters,
    epochs: epochs.map(({ epoch, accuracy }) => ({ epoch, accuracy })),
  });
  const savedEpochs = async (training: OptimizeOptions<number>) =>
    (await training.checkpoint.loadPartial<{ epochs: readonly EpochRecord[] }>('tiny'))?.notes.epochs ?? [];

  test('resumes with the epochs it had, bit for bit, and stops at the same one', async () => {
    const whole = await optimize(impatient('impatient'));
    expect(whole.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
    for (const stopAfter of [3, 5, 12, 19]) {
      const controller = new AbortController();
      const broken = {
        ...impatient(`impatient-${stopAfter}`),
        signal: controller.signal,
        onProgress: (done: number) => {
          if (done === stopAfter) controller.abort(new Error('enough'));
        },
      };
      await expect(optimize(broken)).rejects.toThrow('enough');
      const had = await savedEpochs(broken);
      expect(had).toHaveLength(Math.floor(stopAfter / 5));
      const resumed = impatient(`impatient-${stopAfter}`);
      const result = await optimize(resumed);
      expect(withoutSeconds(result)).toEqual(withoutSeconds(whole));
      expect(result.epochs.slice(0, had.length)).toEqual(had);
      const seconds = result.epochs.map((record) => record.seconds);
      expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
      expect(resumed.losses).toHaveLength(20 - stopAfter);
    }
  });

  test('loses no epoch when validation itself was aborted', async () => {
    const whole = await optimize(impatient('asked'));
    let asked = 0;
    const training = impatient('unanswered');
    const broken = optimize({
      ...training,
      validate: async (parameters) => {
        if (++asked === 3) throw new Error('enough');
        return (await training.validate?.(parameters)) as number;
      },
    });
    await expect(broken).rejects.toThrow('enough');
    const resumed = impatient('unanswered');
    expect(withoutSeconds(await optimize(resumed))).toEqual(withoutSeconds(whole));
    expect(resumed.losses).toHaveLength(10);
  });

  test('takes no step more when it had already stopped', async () => {
    const whole = await optimize(impatient('twice'));
    const again = impatient('twice');
    expect(await optimize(again)).toEqual(whole);
    expect(again.losses).toEqual([]);
  });
});
