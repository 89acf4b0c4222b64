/** Whole runs of BottleNet++ on drawn feature maps behind a thin ResNet-50 with random weights. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRandom, elementCount, tensor } from '../../../core/tensor/index.ts';
import { createNodeRuntime } from '../../../runtime/node.ts';
import type { Dataset, FeatureCache, Sample } from '../../datasets/index.ts';
import { type FoldedConvolution, type FoldedConvolutions, pooledFeatures, readShape } from '../../networks/index.ts';
import type { PaperContext } from './paper-context.ts';
import type { SplitFeatures } from './paper-features.ts';
import { runBottlenet, tuneBottlenet } from './run-bottlenet.ts';

const classes = ['one', 'two', 'three'];
const ofClass = { train: 20, test: 6 };

/** Every residual block squeezes to four channels; the maps have their real shapes. */
function thinBackbone(): FoldedConvolutions {
  const random = createRandom(7);
  const outputs = [0, 0, 256, 512, 1024, 2048];
  const known = new Map<string, FoldedConvolution>();
  const made = (O: number, I: number, k: number, gain: number): FoldedConvolution => {
    const deviation = gain * Math.sqrt(2 / (I * k * k));
    const data = Float32Array.from({ length: O * I * k * k }, () => deviation * random.normal());
    return { weights: tensor('float32', [O, I, k, k], data), bias: tensor('float32', [O], new Float32Array(O)) };
  };
  const make = (name: string): FoldedConvolution => {
    const stage = Number(name[0]);
    const [own = 0, before = 0] = [outputs[stage], outputs[stage - 1]];
    const inputs = name[1] === 'a' ? before : own;
    if (name.endsWith('branch2a')) return made(4, inputs, 1, 1);
    if (name.endsWith('branch2b')) return made(4, 4, 3, 1);
    return name.endsWith('branch2c') ? made(own, 4, 1, 0.3) : made(own, inputs, 1, 1);
  };
  return (name) => {
    const convolution = known.get(name) ?? make(name);
    known.set(name, convolution);
    return convolution;
  };
}

/** Maps whose every third channel is larger, which depends on the class; at conv5_x `pooled` is their mean. */
function drawnCache(split: 'conv3_x' | 'conv5_x', part: keyof typeof ofClass, log: string[]): FeatureCache {
  const mapShape = readShape(split);
  const positions = mapShape[1] * mapShape[2];
  const random = createRandom(part === 'train' ? 1 : 2);
  const count = classes.length * ofClass[part];
  const maps = Array.from({ length: count }, (_, sample) =>
    Float32Array.from({ length: elementCount(mapShape) }, (_unused, i) =>
      Math.abs(random.normal() + (Math.floor(i / positions) % 3 === sample % 3 ? 2 : 0)),
    ),
  );
  const pooled = Float32Array.from({ length: count * pooledFeatures }, (_, i) => {
    const [sample, channel] = [Math.floor(i / pooledFeatures), i % pooledFeatures];
    const map = maps[sample]?.subarray(channel * positions, (channel + 1) * positions) ?? new Float32Array(1);
    return map.reduce((sum, value) => sum + value, 0) / positions;
  });
  const close = async () => undefined;
  return {
    count,
    mapShape,
    pooled,
    readMaps: async (samples) => {
      log.push(part);
      const data = new Float32Array(samples.length * elementCount(mapShape));
      samples.forEach((sample, i) => {
        data.set(maps[sample] ?? [], i * elementCount(mapShape));
      });
      return tensor('float32', [samples.length, ...mapShape], data);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

const samplesOf = (part: keyof typeof ofClass): Sample[] =>
  Array.from({ length: classes.length * ofClass[part] }, (_, i) => ({
    id: `${part}/${i}`,
    label: i % 3,
    load: () => Promise.reject(new Error('no pictures here')),
  }));

const reads: string[] = [];
let context: PaperContext;
beforeAll(async () => {
  const dataset: Dataset = {
    name: 'drawn',
    protocol: 'folder',
    classes,
    train: samplesOf('train'),
    test: samplesOf('test'),
    hash: 'drawn',
    fingerprint: 'drawn',
    seed: 0,
  };
  const features = (part: keyof typeof ofClass): SplitFeatures => {
    const conv5_x = drawnCache('conv5_x', part, reads);
    const conv3_x = { ...drawnCache('conv3_x', part, reads), pooled: conv5_x.pooled };
    return { conv2_x: conv3_x, conv3_x, conv4_x: conv3_x, conv5_x };
  };
  context = {
    dataset,
    folded: thinBackbone(),
    runtime: await createNodeRuntime({ worker: false, threads: 1 }),
    threads: 1,
    splits: ['conv3_x', 'conv5_x'],
    cacheFolder: await mkdtemp(join(tmpdir(), 'aecnn-run-bottlenet-')),
    features: { train: features('train'), test: features('test') },
    protocol: {
      data: 'drawn',
      trainImages: dataset.train.length,
      testImages: dataset.test.length,
      batchSize: 8,
      validationShare: 0.2,
      epochs: {
        teacher: 20,
        attention: 1,
        reconstruction: 1,
        task: 1,
        fineTune: 1,
        mostUntilPlateau: 2,
        patience: 2,
        decay: 1,
      },
      learningRateShare: 0.5,
    },
  };
}, 60_000);
afterAll(() => rm(context.cacheFolder, { recursive: true }));

test('at conv5_x, with lost bits: every way to send, and the test part is read last', {
  timeout: 120_000,
}, async () => {
  const options = {
    split: 'conv5_x',
    size: 'packet',
    seed: 0,
    distillation: true,
    learningRate: 0.01,
    erasureProbability: 0.02,
  } as const;
  reads.length = 0;
  const result = await runBottlenet(context, options);
  expect(result.test.map(({ name }) => name)).toEqual([
    'tail frozen, raw bits',
    'tail frozen, entropy coded',
    'tail frozen, raw bits, 2 % erased',
    'all trained, raw bits',
    'all trained, entropy coded',
    'all trained, raw bits, 2 % erased',
  ]);
  const [raw, coded] = result.test;
  expect(raw?.bytes).toEqual({ mean: 24 * 49, max: 24 * 49 });
  expect(coded?.right).toBe(raw?.right);
  expect(coded?.bytes).not.toEqual(raw?.bytes);
  expect(result.test.every(({ right }) => right.length === 18)).toBe(true);
  expect(Math.min(...result.test.map(({ accuracy }) => accuracy))).toBeGreaterThan(0.8);
  expect(result.history.map(({ step }) => step)).toEqual([...new Array(3).fill('compressor'), 'everything']);
  const times = result.history.map(({ seconds }) => seconds);
  expect([...times].sort((a, b) => a - b)).toEqual(times);
  expect(times.at(-1)).toBeCloseTo(result.trainingSeconds, 6);
  // Both networks read the test part once each: 18 pictures in one batch; all training comes before.
  expect(reads.filter((part) => part === 'test')).toHaveLength(2);
  const firstTest = reads.indexOf('test');
  const batchesOfTables = Math.ceil((0.8 * 60) / 32);
  expect(reads.slice(firstTest).filter((part) => part === 'train')).toHaveLength(2 * batchesOfTables);

  const again = await runBottlenet(context, options);
  expect(again).toEqual(result);
});

test('at conv3_x: the map shrinks, and conv5_x is trained behind the frozen conv4_x', {
  timeout: 120_000,
}, async () => {
  const result = await runBottlenet(context, {
    split: 'conv3_x',
    size: 'packet',
    part: 0.5,
    seed: 0,
    distillation: false,
    learningRate: 0.01,
  });
  expect(result.settings.latentShape).toEqual([24, 7, 7]);
  expect(result.test.map(({ name }) => name)).toEqual([
    'tail frozen, raw bits',
    'tail frozen, entropy coded',
    'all trained, raw bits',
    'all trained, entropy coded',
  ]);
  expect(result.test[0]?.bytes.max).toBe(1176);
});

test('learning rates are compared on a share of the training part, without the test part', async () => {
  reads.length = 0;
  const learningRates = [1e-9, 0.01];
  const tuned = await tuneBottlenet(context, {
    split: 'conv5_x',
    size: 'packet',
    seed: 0,
    distillation: false,
    learningRates,
    share: 0.5,
  });
  expect(tuned.map(({ learningRate }) => learningRate)).toEqual(learningRates);
  expect(tuned[1]?.accuracy).toBeGreaterThanOrEqual(tuned[0]?.accuracy ?? 1);
  expect(reads).not.toContain('test');
});
