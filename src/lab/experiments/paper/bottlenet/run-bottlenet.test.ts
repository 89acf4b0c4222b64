/** Whole runs of BottleNet++ on drawn feature maps behind a thin ResNet-50 with random weights. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DrawnPaperContext, drawnPaperContext } from '../../../../../test/fixtures/paper-context.ts';
import type { PaperContext } from '../paper-context.ts';
import { runBottlenet, tuneBottlenet, tuneBottlenetFineTuning } from './run-bottlenet.ts';

let drawn: DrawnPaperContext;
let context: PaperContext;
let reads: string[];
beforeAll(async () => {
  drawn = await drawnPaperContext();
  ({ context, reads } = drawn);
}, 60_000);
afterAll(() => drawn[Symbol.asyncDispose]());

test('at conv5_x, with lost bits: every way to send, and the test part is read last', {
  timeout: 120_000,
}, async () => {
  const options = {
    split: 'conv5_x',
    size: 'packet',
    seed: 0,
    distillation: true,
    learningRate: 0.01,
    fineTuneLearningRate: 1e-4,
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
  const passes = result.history.map(({ step }) => step);
  expect(passes.slice(0, 4)).toEqual(['compressor', 'compressor', 'compressor', 'everything']);
  // A round of a single epoch always is its best so far, so a second one follows.
  expect(new Set(passes.slice(4))).toEqual(new Set(['everything']));
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
    fineTuneLearningRate: 1e-4,
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
    part: 0.5,
  });
  expect(tuned.map(({ learningRate }) => learningRate)).toEqual(learningRates);
  expect(tuned[1]?.accuracy).toBeGreaterThanOrEqual(tuned[0]?.accuracy ?? 1);
  expect(reads).not.toContain('test');
});

test('learning rates compared after some epochs: the configuration that takes one goes on from there', {
  timeout: 120_000,
}, async () => {
  const fixed = { split: 'conv5_x', size: 'packet', seed: 1, distillation: false } as const;
  const learningRates = [0.001, 0.01];
  const tried = await tuneBottlenet(context, { ...fixed, learningRates, trialEpochs: 1 });
  expect(tried.map(({ learningRate }) => learningRate)).toEqual(learningRates);
  expect(tried.every(({ seconds }) => seconds > 0)).toBe(true);
  const { history } = await runBottlenet(context, { ...fixed, learningRate: 0.01, fineTuneLearningRate: 1e-4 });
  const [first, ...later] = history.filter(({ step }) => step === 'compressor');
  expect(first?.accuracy).toBe(tried[1]?.accuracy);
  expect(later.length).toBeGreaterThan(0);
  // A trial that was gone on from says the same again.
  expect(await tuneBottlenet(context, { ...fixed, learningRates: [0.01], trialEpochs: 1 })).toEqual([tried[1]]);
});

test('the last phase is tried at several learning rates behind one compressor, without the test part', {
  timeout: 120_000,
}, async () => {
  const options = { split: 'conv5_x', size: 'packet', seed: 1, distillation: false, learningRate: 0.01 } as const;
  reads.length = 0;
  const tried = await tuneBottlenetFineTuning(context, options, [1e-5, 1e-2]);
  expect(reads).not.toContain('test');
  expect(tried.map(({ learningRate }) => learningRate)).toEqual([1e-5, 1e-2]);
  const { steps, validation } = await runBottlenet(context, { ...options, fineTuneLearningRate: 1e-2 });
  expect(steps.at(-1)).toEqual({ name: 'everything', seconds: tried[1]?.seconds });
  expect(validation.at(-1)?.accuracy).toBe(tried[1]?.accuracy);
  expect(tried[0]?.seconds).not.toBe(tried[1]?.seconds);
});
