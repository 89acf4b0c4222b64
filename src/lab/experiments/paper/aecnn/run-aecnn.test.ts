/** Whole runs of AECNN on drawn feature maps behind a thin ResNet-50 with random weights. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { classes, type DrawnPaperContext, drawnPaperContext } from '../../../../../test/fixtures/paper-context.ts';
import type { PaperContext } from '../paper-context.ts';
import { runAecnn, tuneAecnn, tuneAecnnFineTuning } from './run-aecnn.ts';
import type { AecnnOptions } from './train-aecnn.ts';
import type { VariationName } from './variations.ts';

let drawn: DrawnPaperContext;
let context: PaperContext;
beforeAll(async () => {
  drawn = await drawnPaperContext();
  ({ context } = drawn);
}, 60_000);
afterAll(() => drawn[Symbol.asyncDispose]());

const options: AecnnOptions = { split: 'conv5_x', size: 'packet', seed: 0, learningRate: 1e-3 };
const timeout = 120_000;

test('one packet, tail frozen and fine-tuned: every frame fits, all codings give the same answers', {
  timeout,
}, async () => {
  const result = await runAecnn(context, { ...options, split: 'conv3_x', fineTuneLearningRate: 1e-4 });
  const ways = result.test.map(({ name }) => name);
  expect(ways).toEqual(
    ['tail frozen', 'tail fine-tuned'].flatMap((tail) =>
      ['entropy coded', 'raw bits', 'deflate'].map((coding) => `${tail}, ${coding}`),
    ),
  );
  const byName = new Map(result.test.map((measure) => [measure.name, measure]));
  for (const tail of ['tail frozen', 'tail fine-tuned']) {
    const [ours, raw, deflate] = ['entropy coded', 'raw bits', 'deflate'].map((coding) =>
      byName.get(`${tail}, ${coding}`),
    );
    expect(ours?.bytes.max).toBeLessThanOrEqual(1200);
    expect(raw?.right).toBe(ours?.right);
    expect(deflate?.right).toBe(ours?.right);
    expect(ours?.bytes.mean).toBeLessThan(raw?.bytes.mean ?? 0);
    expect(ours?.right).toHaveLength(context.dataset.test.length);
    expect(ours?.perClass).toHaveLength(classes.length);
  }
  expect(result.steps.map(({ name }) => name)).toEqual([
    'teacher',
    'attention',
    'ranking',
    'start',
    'reconstruction',
    'task',
    'entropy tables (tail frozen)',
    'fine-tune',
    'entropy tables (tail fine-tuned)',
  ]);
  expect(result.trainingSeconds).toBeCloseTo(
    result.steps.reduce((sum, { seconds }) => sum + seconds, 0),
    9,
  );
  const seconds = result.history.map((moment) => moment.seconds);
  expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
  expect(result.notes.deviceGmac).toBeGreaterThan(0);
});

test('a configuration that was broken off goes on to the same result; the other size shares its attention', {
  timeout,
}, async () => {
  await using other = await drawnPaperContext();
  const whole = await runAecnn(context, options);
  const controller = new AbortController();
  let finished = 0;
  const stopping: PaperContext = {
    ...other.context,
    signal: controller.signal,
    onProgress: (_label, done, total) => {
      finished += done === total ? 1 : 0;
      if (finished === 4) controller.abort(new Error('stopped'));
    },
  };
  await expect(runAecnn(stopping, options)).rejects.toThrow('stopped');
  const resumed = await runAecnn(other.context, options);
  expect(resumed.test).toEqual(whole.test);
  expect(resumed.notes).toEqual(whole.notes);
  const larger = await runAecnn(other.context, { ...options, size: '256x' });
  expect(larger.steps.find(({ name }) => name === 'attention')).toEqual(
    resumed.steps.find(({ name }) => name === 'attention'),
  );
});

test('an ablation changes what it names, and nothing shared', { timeout }, async () => {
  const run = async (variation: VariationName) => runAecnn(context, { ...options, variation });
  const main = await runAecnn(context, options);
  const atRandom = await run('ranked-at-random');
  const byAttention = await run('ranked-by-attention');
  expect(atRandom.notes.selectedChannels).not.toEqual(byAttention.notes.selectedChannels);
  expect((byAttention.notes.selectedChannels as number[]).slice(0, 32)).toEqual(main.notes.selectedChannels);
  const endToEnd = await run('end-to-end');
  expect(endToEnd.steps.map(({ name }) => name)).toEqual([
    'teacher',
    'start',
    'end to end',
    'entropy tables (tail frozen)',
  ]);
  expect(endToEnd.history.map(({ step }) => step)).toEqual(['end to end', 'end to end', 'end to end']);
});

test('learning rates of the fine-tuning are tried behind one compressor; the configuration takes the training of its own', {
  timeout,
}, async () => {
  const place = { ...options, split: 'conv3_x' } as const;
  const tried = await tuneAecnnFineTuning(context, place, [1e-5, 1e-4]);
  const { history, steps } = await runAecnn(context, { ...place, fineTuneLearningRate: 1e-4 });
  const fineTuned = history.filter(({ step }) => step === 'fine-tune');
  expect(tried.map(({ learningRate }) => learningRate)).toEqual([1e-5, 1e-4]);
  expect(tried[1]?.accuracy).toBe(fineTuned.at(-1)?.accuracy);
  expect(tried[1]?.seconds).toBe(steps.find(({ name }) => name === 'fine-tune')?.seconds);
  expect(tried[0]?.seconds).not.toBe(tried[1]?.seconds);
});

test('learning rates are tried on a share of the training part, without the test part', { timeout }, async () => {
  await using other = await drawnPaperContext();
  const place = { split: 'conv5_x', size: 'packet', seed: 0, part: 0.5 } as const;
  const tried = await tuneAecnn(other.context, { ...place, learningRates: [1e-4, 1e-3] });
  expect(tried.map(({ learningRate }) => learningRate)).toEqual([1e-4, 1e-3]);
  expect(other.reads).not.toContain('test');
  // What comes before the task step is trained once for all of them.
  const secondsOf = async (learningRate: number, step: string) =>
    (await runAecnn(other.context, { ...place, learningRate })).steps.find(({ name }) => name === step)?.seconds;
  expect(await secondsOf(1e-4, 'reconstruction')).toBe(await secondsOf(1e-3, 'reconstruction'));
  expect(await secondsOf(1e-4, 'task')).not.toBe(await secondsOf(1e-3, 'task'));
});
