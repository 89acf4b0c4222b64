import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { normalTensors, stepContextOf } from '../../../../../test/fixtures/step-context.ts';
import { createRandom, pickTensor, type TensorMap, tensor } from '../../../../core/tensor/index.ts';
import {
  constant,
  createGraph,
  gemm,
  input,
  output,
  reduceMean,
  serializeGraph,
  type Value,
} from '../../../graph/index.ts';
import {
  type BottlenetShape,
  constantParameters,
  decodeBottlenet,
  encodeBottlenet,
  initialBottlenet,
} from '../../../networks/index.ts';
import { openCheckpoint, type StepContext, type Tail } from '../../../training/index.ts';
import { batchNormalization, featureScale, fitBatchNorms } from './bottlenet-batch-norms.ts';
import { bottlenetLogits, levelsOf, logitsOfReceived, receivedOf, sentLevels } from './bottlenet-levels.ts';
import type { TailPair } from './bottlenet-tails.ts';
import { type BottlenetTask, trainCompressor, trainEverything } from './bottlenet-training.ts';

const classes = 3;
const [count, trainCount] = [150, 120];
const shape: BottlenetShape = { featureShape: [6, 4, 4], latentChannels: 2, shrink: true };
const labels = Array.from({ length: count }, (_, i) => i % classes);

/** Maps whose class is which pair of channels is larger, as after a ReLU. */
const maps = normalTensors(3)([count, ...shape.featureShape]);
maps.data.forEach((value, i) => {
  const [sample, channel] = [Math.floor(i / 96), Math.floor((i % 96) / 16)];
  maps.data[i] = Math.abs(value) + (Math.floor(channel / 2) === sample % classes ? 1 : 0);
});

const classifierWeights = normalTensors(4)([6, classes], 0.1);
classifierWeights.data.forEach((value, i) => {
  classifierWeights.data[i] = value + (Math.floor(Math.floor(i / classes) / 2) === i % classes ? 1 : 0);
});
const pooled = (map: Value): Value => reduceMean(map, [2, 3], 0);
const tail: Tail = { logits: (map) => gemm(pooled(map), constant(map.graph, classifierWeights)) };
/** A tail whose weights are trained: `classifier/weights` counts as a parameter of the last stage. */
const trainedTail: TailPair & { start: TensorMap } = {
  start: { 'classifier/weights': classifierWeights },
  training: (trained) => ({ logits: (map) => gemm(pooled(map), trained('classifier/weights')) }),
  frozen: (tensors) => ({
    logits: (map) => gemm(pooled(map), constant(map.graph, pickTensor(tensors, 'classifier/weights', 'float32'))),
  }),
};

const task: BottlenetTask = {
  shape,
  epochs: { mostUntilPlateau: 6, patience: 6, decay: 3, fineTune: 3 },
  learningRate: 0.02,
  distillation: false,
  teacherLogits: normalTensors(5)([count, classes]).data,
};

let folder = '';
let base: StepContext;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-bottlenet-'));
  base = await stepContextOf(maps, labels, trainCount, { batchSize: 20 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const contextIn = (name: string, more: Partial<StepContext> = {}): StepContext => ({
  ...base,
  checkpoint: openCheckpoint(join(folder, name), name),
  ...more,
});

describe('the sent levels', () => {
  test('are bytes from 0 to 255, never 256, also where the sigmoid saturates', async () => {
    const parameters = initialBottlenet(shape, createRandom(1));
    pickTensor(parameters, 'encoder/gamma', 'float32').data.fill(1e4);
    const tensors = { ...parameters, ...(await fitBatchNorms(base, shape, parameters, 100)) };
    const graph = createGraph('encoder');
    const values = constantParameters(graph, parameters);
    const maps = input(graph, 'maps', 'float32', [50, ...shape.featureShape]);
    output('levels', sentLevels(encodeBottlenet(maps, shape, values, batchNormalization(values))));
    await using session = await base.runtime.createSession(serializeGraph(graph));
    const samples = base.set.train.slice(0, 50);
    const found = await session.run({ maps: await base.set.features.readMaps(samples) });
    const inTraining = pickTensor(found, 'levels', 'float32').data;
    expect([...inTraining].every((level) => Number.isInteger(level) && level >= 0 && level <= 255)).toBe(true);
    expect([Math.min(...inTraining), Math.max(...inTraining)]).toEqual([0, 255]);
    const bytes = (await levelsOf(base, { shape, tensors }, samples)).map((all) => [...all]);
    expect(bytes.map((all) => all.length)).toEqual(new Array(50).fill(8));
    expect([Math.min(...bytes.flat()), Math.max(...bytes.flat())]).toEqual([0, 255]);
    // A level that wrapped would be 0 where the training graph has the largest: half of the values saturate upwards.
    expect(bytes.flat().filter((level) => level > 250).length).toBeGreaterThan(100);
  });

  test('give the same answers by way of bytes as in one graph', async () => {
    const parameters = initialBottlenet(shape, createRandom(2));
    const network = { shape, tail, tensors: { ...parameters, ...(await fitBatchNorms(base, shape, parameters, 100)) } };
    const { validation } = base.set;
    const whole = await bottlenetLogits(base, network, validation);
    const sent = await logitsOfReceived(base, network, await levelsOf(base, network, validation));
    expect(sent).toHaveLength(validation.length * classes);
    sent.forEach((value, i) => {
      expect(value).toBeCloseTo(whole[i] as number, 4);
    });
    // And what is received matters.
    const other = await logitsOfReceived(
      base,
      network,
      validation.map(() => new Uint8Array(8)),
    );
    expect(other).not.toEqual(sent);
  });
});

test('with batch norms fitted on a batch, evaluation gives the logits of training mode on it', async () => {
  const parameters = initialBottlenet(shape, createRandom(7));
  const samples = base.set.train;
  const graph = createGraph('training mode');
  const values = constantParameters(graph, parameters);
  const batch = input(graph, 'maps', 'float32', [samples.length, ...shape.featureShape]);
  const normalize = batchNormalization(values);
  const levels = sentLevels(encodeBottlenet(batch, shape, values, normalize));
  output('logits', tail.logits(decodeBottlenet(receivedOf(levels), shape, values, normalize)));
  await using session = await base.runtime.createSession(serializeGraph(graph));
  const trainingMode = pickTensor(
    await session.run({ maps: await base.set.features.readMaps(samples) }),
    'logits',
    'float32',
  ).data;
  const largestDifference = async (fittedOn: number): Promise<number> => {
    const tensors = { ...parameters, ...(await fitBatchNorms(base, shape, parameters, fittedOn)) };
    const found = await bottlenetLogits(base, { shape, tensors, tail }, samples);
    return Math.max(...found.map((value, i) => Math.abs(value - (trainingMode[i] as number))));
  };
  // A level in a thousand may round the other way.
  expect(await largestDifference(samples.length)).toBeLessThan(0.02);
  expect(await largestDifference(3)).toBeGreaterThan(0.05);
});

test('the decoder starts at the mean and the spread of the feature map', async () => {
  const start = await featureScale(contextIn('scale'), trainCount);
  const size = 16 * trainCount;
  const means = new Float64Array(6);
  const squares = new Float64Array(6);
  maps.data.subarray(0, 6 * size).forEach((value, i) => {
    const channel = Math.floor((i % 96) / 16);
    means[channel] = (means[channel] ?? 0) + value / size;
    squares[channel] = (squares[channel] ?? 0) + value ** 2 / size;
  });
  means.forEach((mean, channel) => {
    expect(start['decoder/beta']?.data[channel]).toBeCloseTo(mean, 4);
    expect(start['decoder/gamma']?.data[channel]).toBeCloseTo(Math.sqrt((squares[channel] ?? 0) - mean ** 2), 4);
  });
});

test('in front of convolutions the decoder starts at the scale of the feature map, in front of the linear layer it does not', async () => {
  const still = { ...task, learningRate: 0, epochs: { ...task.epochs, mostUntilPlateau: 1, decay: 1 } };
  const scale = await featureScale(contextIn('scale'), trainCount);
  const startIn = async (split: StepContext['split']) =>
    (await trainCompressor(contextIn(`start at ${split}`, { split }), still, tail)).tensors;
  const [convolutions, linear] = [await startIn('conv4_x'), await startIn('conv5_x')];
  for (const name of ['decoder/gamma', 'decoder/beta']) {
    expect(convolutions[name]?.data).toEqual(scale[name]?.data);
  }
  expect([...(linear['decoder/gamma']?.data ?? [])]).toEqual(new Array(6).fill(1));
  expect([...(linear['decoder/beta']?.data ?? [])]).toEqual(new Array(6).fill(0));
});

test('training answers better than chance, moves every parameter, and is taken from its checkpoint afterwards', async () => {
  const context = contextIn('learns');
  const compressor = await trainCompressor(context, task, tail);
  expect(compressor.accuracy).toBeGreaterThan(0.8);
  expect(compressor.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const seconds = compressor.epochs.map((record) => record.seconds);
  expect([...seconds].sort((a, b) => a - b)).toEqual(seconds);
  expect(compressor.seconds).toBe(seconds.at(-1));
  const start = initialBottlenet(shape, createRandom(context.recipe.seed + 20));
  for (const [name, { data }] of Object.entries(start)) {
    expect([name, compressor.tensors[name]?.data]).not.toEqual([name, data]);
  }

  const everything = await trainEverything(context, task, compressor, trainedTail);
  expect(everything.accuracy).toBeGreaterThan(0.8);
  expect(everything.tensors['classifier/weights']?.data).not.toEqual(classifierWeights.data);
  expect(everything.tensors['encoder/mean']).not.toEqual(compressor.tensors['encoder/mean']);

  const unusable: Partial<StepContext> = {
    runtime: { name: 'none', createSession: () => Promise.reject(new Error('no')) },
  };
  expect(await trainCompressor(contextIn('learns', unusable), task, tail)).toEqual(compressor);
  expect(await trainEverything(contextIn('learns', unusable), task, compressor, trainedTail)).toEqual(everything);
});

test('while the last epoch of a round is the best of all, another round of everything follows', async () => {
  const short = { ...task, epochs: { ...task.epochs, fineTune: 1 } };
  const compressor = await trainCompressor(contextIn('rounds'), short, tail);
  const { epochs, seconds } = await trainEverything(contextIn('rounds'), short, compressor, trainedTail);
  expect(epochs.length).toBeGreaterThan(1);
  expect(epochs.map(({ epoch }) => epoch)).toEqual(epochs.map((_, i) => i + 1));
  const accuracies = epochs.map(({ accuracy }) => accuracy);
  accuracies.forEach((accuracy, i) => {
    const isRising = accuracy > Math.max(...accuracies.slice(0, i));
    expect(i + 1 < epochs.length).toBe(isRising && i + 1 < short.epochs.mostUntilPlateau);
  });
  expect(seconds).toBe(epochs.at(-1)?.seconds);
});

test('of two rounds of everything the one with the better end is kept, and the epochs of both count', async () => {
  const { checkpoint } = contextIn('kept');
  const parameters = initialBottlenet(shape, createRandom(1));
  const compressor = { tensors: parameters, accuracy: 0.5, epochs: [], seconds: 0 };
  const finished = (name: string, accuracies: readonly number[], accuracy: number): Promise<void> => {
    const epochs = accuracies.map((accuracy, i) => ({ epoch: i + 1, seconds: i + 1, accuracy }));
    const tensors = { ...parameters, of: tensor('float32', [1], new Float32Array([accuracy])) };
    return checkpoint.save(name, { tensors, notes: { accuracy, epochs, seconds: epochs.length } });
  };
  const kept = async (ofSecond: readonly number[]) => {
    await finished('bottlenet-fine-tune', [0.5, 0.6, 0.7], 0.72);
    await finished('bottlenet-fine-tune-1', ofSecond, 0.66);
    const { tensors, accuracy, epochs, seconds } = await trainEverything(
      contextIn('kept'),
      task,
      compressor,
      trainedTail,
    );
    expect([epochs.map(({ epoch }) => epoch), seconds]).toEqual([[1, 2, 3, 4, 5, 6], 6]);
    expect(tensors.of?.data[0]).toBeCloseTo(accuracy, 5);
    return accuracy;
  };
  expect(await kept([0.4, 0.8, 0.65])).toBe(0.72);
  expect(await kept([0.4, 0.8, 0.7])).toBe(0.66);
});

test('with lost bits too, a training that was broken off goes on to the same result, bit for bit', async () => {
  const noisy: BottlenetTask = {
    ...task,
    erasureProbability: 0.05,
    epochs: { ...task.epochs, mostUntilPlateau: 2, decay: 1 },
  };
  const whole = await trainCompressor(contextIn('whole'), noisy, tail);
  const controller = new AbortController();
  const broken = contextIn('broken', {
    signal: controller.signal,
    onProgress: (done) => {
      if (done === 8) controller.abort(new Error('enough'));
    },
  });
  await expect(trainCompressor(broken, noisy, tail)).rejects.toThrow('enough');
  const resumed = await trainCompressor(contextIn('broken'), noisy, tail);
  expect(resumed.tensors).toEqual(whole.tensors);
  expect(resumed.epochs.map(({ accuracy }) => accuracy)).toEqual(whole.epochs.map(({ accuracy }) => accuracy));
  const clean = await trainCompressor(contextIn('clean'), { ...noisy, erasureProbability: 0 }, tail);
  expect(clean.tensors).not.toEqual(whole.tensors);
});

test('distillation, and it alone, looks at the teacher', async () => {
  const short = { ...task, epochs: { ...task.epochs, mostUntilPlateau: 1, decay: 1 } };
  const other = { ...short, teacherLogits: normalTensors(6)([count, classes], 3).data };
  const trained = (name: string, given: BottlenetTask) => trainCompressor(contextIn(name), given, tail);
  const plain = await trained('plain', short);
  expect((await trained('plain, other teacher', other)).tensors).toEqual(plain.tensors);
  const distilled = await trained('distilled', { ...short, distillation: true });
  expect((await trained('distilled, other teacher', { ...other, distillation: true })).tensors).not.toEqual(
    distilled.tensors,
  );
});
