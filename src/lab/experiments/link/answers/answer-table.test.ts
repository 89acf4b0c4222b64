/** The table against `evaluateModel`, which goes another way to the same answers. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mosaicSamples, type RuntimeCount, tinyAnswerContext } from '../../../../../test/fixtures/tiny-answers.ts';
import type { Manifest, SplitModel } from '../../../../core/model/index.ts';
import { loadBatches } from '../../../datasets/index.ts';
import { evaluateModel, type LabelledBatch } from '../../../evaluation/index.ts';
import type { AnswerContext } from './answer-context.ts';
import { openAnswerTable } from './answer-table.ts';
import { measureTimes } from './answer-times.ts';
import type { PictureAnswers } from './prefix-answers.ts';

let cacheFolder = '';
let context: AnswerContext;
let count: RuntimeCount;
beforeEach(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'aecnn-answers-'));
  ({ context, count } = await tinyAnswerContext(cacheFolder));
});
afterEach(() => rm(cacheFolder, { recursive: true }));

const samples = mosaicSamples(20);

/** The answer to a frame of at most so many bytes: the edge's to the longest that fits, else the device's. */
function answerWithin({ chunkBytes, edge, device }: PictureAnswers, budgetBytes: number) {
  const chunks = chunkBytes.filter((bytes) => bytes <= budgetBytes).length;
  return { ...(edge[chunks - 1] ?? device), bytes: chunkBytes[chunks - 1] };
}

test('answers as evaluateModel does, at every budget', async () => {
  const { pictures, modelId, classes, timesMs } = await openAnswerTable(context, samples);
  expect([modelId, classes]).toEqual([context.model.manifest.modelId, 3]);
  expect(pictures.map(({ name }) => name)).toEqual(samples.map(({ id }) => id));
  expect(Math.min(timesMs.device, timesMs.fallback, timesMs.edge, timesMs.wholeNetwork)).toBeGreaterThan(0);

  async function* batches(): AsyncGenerator<LabelledBatch> {
    for await (const { images, labels } of loadBatches(samples, 5)) yield { images, labels };
  }
  const { model, runtime } = context;
  // The middle one cuts frames at different numbers of chunks, and lets some picture send nothing.
  const firstChunks = pictures.map(({ chunkBytes }) => chunkBytes[0] as number);
  const budgets = [10, Math.max(...firstChunks) - 1, 150, 250, 1200];
  const graphs = await context.readGraphs();
  const evaluation = await evaluateModel({ model, graphs, runtime, batches: batches(), budgets });
  const share = (isCounted: (picture: PictureAnswers) => boolean): number => pictures.filter(isCounted).length / 20;
  expect(share(({ device, label }) => device.label === label)).toBe(evaluation.fallbackAccuracy);
  expect(share(({ uncompressed, label }) => uncompressed.label === label)).toBe(evaluation.uncompressedAccuracy);
  for (const point of evaluation.curve) {
    const answers = pictures.map((picture) => answerWithin(picture, point.budgetBytes));
    const sizes = answers.flatMap(({ bytes }) => bytes ?? []);
    const mean = sizes.length === 0 ? 0 : sizes.reduce((a, b) => a + b, 0) / sizes.length;
    expect({
      accuracy: answers.filter(({ label }, i) => label === pictures[i]?.label).length / 20,
      agreement: answers.filter(({ label }, i) => label === pictures[i]?.uncompressed.label).length / 20,
      frameBytes: { mean, max: Math.max(0, ...sizes) },
      withoutFrame: answers.filter(({ bytes }) => bytes === undefined).length,
    }).toEqual({
      accuracy: point.accuracy,
      agreement: point.agreement,
      frameBytes: point.frameBytes,
      withoutFrame: point.withoutFrame,
    });
  }
  // The comparison is worth something: accuracies differ, and none is perfect.
  const accuracies = evaluation.curve.map(({ accuracy }) => accuracy);
  expect(new Set(accuracies).size).toBeGreaterThan(1);
  expect(Math.max(...accuracies)).toBeLessThan(1);
  for (const { edge, device, uncompressed } of pictures) {
    for (const { probability } of [...edge, device, uncompressed]) expect(probability).toBeGreaterThan(1 / 3);
  }
});

test('a table that is there runs no graph', async () => {
  const table = await openAnswerTable(context, samples);
  const before = { ...count };
  expect(await openAnswerTable(context, samples)).toEqual(table);
  expect(count).toEqual(before);
  // Other pictures, order or labels are another table.
  const reordered = await openAnswerTable(context, samples.toReversed());
  expect(reordered.pictures.map(({ name }) => name)).toEqual(samples.map(({ id }) => id).reverse());
  const relabelled = await openAnswerTable(
    context,
    samples.map((sample) => ({ ...sample, label: 2 })),
  );
  expect(relabelled.pictures[0]).toEqual({ ...table.pictures[0], label: 2 });
  expect(count.runs).toBeGreaterThan(before.runs);
  // Times are the machine's, whatever the pictures.
  expect([reordered.timesMs, relabelled.timesMs]).toEqual([table.timesMs, table.timesMs]);
});

test('goes on where it was broken off', async () => {
  const many = mosaicSamples(72, 2);
  const stop = new AbortController();
  const stopping = {
    ...context,
    signal: stop.signal,
    onProgress: (_label: string, done: number) => {
      if (done >= 64) stop.abort(new Error('stopped'));
    },
  };
  await expect(openAnswerTable(stopping, many)).rejects.toThrow('stopped');
  const reports: string[] = [];
  const onProgress = (label: string, done: number, total: number) => reports.push(`${label} ${done} of ${total}`);
  const table = await openAnswerTable({ ...context, onProgress }, many);
  expect(reports.slice(0, 2)).toEqual(['answers at every length 64 of 72', 'answers at every length 72 of 72']);
  // To the last digit, which depends on what else is in a batch.
  const atOnce = await openAnswerTable({ ...context, cacheFolder: join(cacheFolder, 'other') }, many);
  expect(table.pictures).toEqual(atOnce.pictures);
});

test('latents that a chunk leaves as they are are run once', async () => {
  const grey = [{ id: 'grey', label: 0, load: async () => new Uint8Array(224 * 224 * 3) }];
  const rows: number[] = [];
  const { runtime } = context;
  const watching: AnswerContext = {
    ...context,
    runtime: {
      ...runtime,
      createSession: async (graph, options) => {
        const session = await runtime.createSession(graph, options);
        const run: typeof session.run = (inputs, outputs) => {
          if (inputs.latent) rows.push(inputs.latent.shape[0] as number);
          return session.run(inputs, outputs);
        };
        return { ...session, run };
      },
    },
  };
  const { pictures } = await openAnswerTable(watching, grey);
  expect(rows[0]).toBe(1);
  expect(pictures[0]?.edge).toHaveLength(3);
  expect(pictures[0]?.edge[2]).toEqual(pictures[0]?.edge[0]);
});

test('where the model does not know the classes, the uncompressed answer is right', async () => {
  const manifest: Manifest = { ...context.model.manifest, teacher: 'stock' };
  const model: SplitModel = { ...context.model, manifest };
  const { pictures } = await openAnswerTable({ ...context, model }, samples);
  expect(pictures.map(({ label }) => label)).toEqual(pictures.map(({ uncompressed }) => uncompressed.label));
});

test('times are measured anew when asked to', async () => {
  const { timesMs } = await openAnswerTable(context, samples);
  const before = { ...count };
  const table = await openAnswerTable(context, samples, { measureAnew: true });
  expect(table.timesMs.measuredOn).not.toBe(timesMs.measuredOn);
  // Those of the times; none for the table.
  expect(count.sessions - before.sessions).toBe(5);
  expect((await openAnswerTable(context, samples)).timesMs).toEqual(table.timesMs);
});

test('times need a picture', async () => {
  await expect(measureTimes(context, [])).rejects.toThrow(RangeError);
});
