/** Both runs over pictures, end to end, on drawn pictures and a thin ResNet-50 with random weights. */

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { classes, drawnDataset, thinBackbone, tinyProtocol } from '../../../../../test/fixtures/paper-context.ts';
import { createRandom } from '../../../../core/tensor/index.ts';
import { createNodeRuntime } from '../../../../runtime/node.ts';
import type { Sample } from '../../../datasets/index.ts';
import { bestLearningRate } from '../best-learning-rate.ts';
import { chooseLearningRate } from '../choose-learning-rate.ts';
import { type PaperContext, setOf } from '../paper-context.ts';
import { openPaperFeatures, type SplitFeatures } from '../paper-features.ts';
import { bestAdapted, chooseAdaptedCodec } from './choose-adapted-codec.ts';
import type { PictureGrid } from './picture-choice.ts';
import type { PictureCodec } from './picture-codecs.ts';
import { runAdaptedPictures } from './run-adapted-pictures.ts';
import { runPictures } from './run-pictures.ts';

/** Pictures tinted by their class, with waves and noise. */
function drawnSamples(part: string, ofClass: number): Sample[] {
  return classes.flatMap((name, label) =>
    Array.from({ length: ofClass }, (_, i) => ({
      id: `${part}/${name}/${i}`,
      label,
      load: async () => {
        const random = createRandom(100 * label + i + (part === 'test' ? 5000 : 0));
        const phase = 9 * random.normal();
        return Uint8Array.from({ length: 224 * 224 * 3 }, (_, p) => {
          const wave = 50 * Math.sin(((p / 3) % 224) / 9 + phase) + 20 * random.normal();
          return Math.min(255, Math.max(0, 110 + wave + (p % 3 === label ? 40 : 0)));
        });
      },
    })),
  );
}

const grid: PictureGrid = {
  formats: ['jpeg', 'webp'],
  sides: [56, 28],
  qualities: [5, 50],
  budgets: [20, 500, 2000],
  comparedBudgets: [500],
  sampledPictures: 4,
  validationPictures: 6,
  mostCandidates: 2,
  filledSides: 1,
};

let folder: string;
let context: PaperContext;
let features: readonly SplitFeatures[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-pictures-'));
  const dataset = drawnDataset(drawnSamples('train', 12), drawnSamples('test', 3));
  const folded = thinBackbone();
  const runtime = await createNodeRuntime({ worker: false, threads: 1 });
  const common = { dataset, folded, runtime, cacheFolder: folder, splits: ['conv5_x'] } as const;
  const train = await openPaperFeatures(common, 'train');
  const held = await openPaperFeatures(common, 'test');
  features = [train, held];
  const fitted = 24;
  context = {
    dataset,
    folded,
    runtime,
    threads: 1,
    cacheFolder: folder,
    splits: ['conv5_x'],
    features: { train, test: held },
    fitted,
    teacherSet: setOf(dataset, fitted, train.conv5_x, 0),
    protocol: {
      ...tinyProtocol,
      epochs: { ...tinyProtocol.epochs, teacher: 30 },
      trainImages: fitted,
      compressorImages: fitted,
      validationImages: dataset.train.length - fitted,
      testImages: dataset.test.length,
    },
  };
}, 60_000);
afterAll(async () => {
  for (const caches of features) await Promise.all(Object.values(caches).map((cache) => cache.close()));
  await rm(folder, { recursive: true });
});

test('a run that is broken off goes on, and measures what the validation part chose', {
  timeout: 120_000,
}, async () => {
  const controller = new AbortController();
  let stoppedAt = '';
  const stopping: PaperContext = {
    ...context,
    signal: controller.signal,
    onProgress: (label) => {
      if (!label.endsWith(', validation')) return;
      stoppedAt = label;
      controller.abort(new Error('stopped'));
    },
  };
  await expect(runPictures(stopping, 0, grid)).rejects.toThrow('stopped');
  expect(stoppedAt).toMatch(/^jpeg/);
  const labels: string[] = [];
  const result = await runPictures({ ...context, onProgress: (label) => labels.push(label) }, 0, grid);
  // What the first run sampled was kept.
  expect(labels.filter((label) => /^jpeg.*sample$/.test(label))).toEqual([]);
  expect(labels.filter((label) => /^webp.*sample$/.test(label))).not.toEqual([]);

  const chosen = result.notes.chosen as {
    budgetBytes: number;
    name: string;
    isBest: boolean;
    validationBytes: number;
  }[];
  expect(chosen.filter(({ isBest }) => isBest).map(({ budgetBytes }) => budgetBytes)).toEqual([500, 2000]);
  expect(chosen.filter(({ validationBytes, budgetBytes }) => validationBytes > budgetBytes)).toEqual([]);
  expect(result.notes.budgetsWithoutCodec).toEqual([20]);
  // The least divergent side fills its budget at a quality of its own.
  const filled = result.validation.filter(({ name }) => !/q(5|50)$/.test(name));
  expect(filled).not.toEqual([]);
  const read = chosen.filter(({ isBest, budgetBytes }) => isBest || budgetBytes === 500).map(({ name }) => name);
  expect(result.test.map(({ name }) => name).sort()).toEqual([...new Set(read)].sort());
  for (const { bytes, right } of result.test) {
    expect(right).toHaveLength(9);
    expect(bytes.max).toBeGreaterThanOrEqual(bytes.mean);
  }

  const again: string[] = [];
  expect(await runPictures({ ...context, onProgress: (label) => again.push(label) }, 0, grid)).toEqual(result);
  expect(again.filter((label) => /px/.test(label))).toEqual([]);
});

test('a tail adapts to a codec', { timeout: 120_000 }, async () => {
  const codec = { format: 'webp', side: 28, quality: 50 } as const;
  const result = await runAdaptedPictures(context, { budgetBytes: 500, codec, seed: 0, learningRate: 1e-4 }, grid);
  expect(result.settings.codec).toEqual(codec);
  expect(result.test.map((measure) => measure.name)).toEqual(['adapted webp 28px q50', 'webp 28px q50']);
  expect(result.test[0]?.bytes).toEqual(result.test[1]?.bytes);
  // As many epochs as all steps of AECNN together.
  expect(result.history.map(({ step }) => step)).toEqual(['adapt', 'adapt', 'adapt', 'adapt']);
  expect(result.steps.map(({ name: step }) => step)).toEqual(['teacher', 'adapt']);
  // The features of the compressed pictures lie beside those of the uncompressed ones.
  expect(await readdir(join(folder, 'features'))).toHaveLength(4);
});

test('the learning rate of a tail is chosen among whole trainings, which are not run again', {
  timeout: 120_000,
}, async () => {
  const codec = { format: 'webp', side: 28, quality: 50 } as const;
  const labels: string[] = [];
  const listening: PaperContext = { ...context, onProgress: (label) => labels.push(label) };
  const place = {
    id: 'rates',
    method: 'learning-rates',
    of: 'adapted-pictures',
    split: 'conv4_x',
    size: '1000',
  } as const;
  const choose = () =>
    chooseLearningRate(
      listening,
      { ...place, seed: 0 },
      {
        compressorRate: () => {
          throw new Error('pictures have no compressor');
        },
        codec: () => codec,
      },
    );
  const { notes, settings, validation } = await choose();
  expect(settings).toMatchObject({ codec, learningRates: [2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3] });
  expect(validation.map(({ name }) => Number(name))).toEqual(settings.learningRates);
  labels.length = 0;
  const learningRate = notes.chosen as number;
  const row = await runAdaptedPictures(listening, { budgetBytes: 500, codec, seed: 0, learningRate }, grid);
  expect(labels.filter((label) => label === 'conv4_x')).toEqual([]);
  expect(row.history.at(-1)?.accuracy).toBe(Math.max(...validation.map(({ accuracy }) => accuracy)));
});

test('the codec to adapt to is the best of those given and of larger sides that fit the budget', {
  timeout: 120_000,
}, async () => {
  const given = { format: 'webp', side: 28, quality: 50 } as const;
  const options = { budgetBytes: 500, codecs: [given], seed: 0, learningRate: 1e-4 };
  const { notes, validation, test: read } = await chooseAdaptedCodec(context, options, grid);
  expect(read).toEqual([]);
  const tried = notes.tried as { codec: { side: number; quality: number }; meanBytes: number; accuracy: number }[];
  expect(tried.map(({ codec }) => codec.side)).toEqual([28, 56]);
  expect(validation.map(({ accuracy }) => accuracy)).toEqual(tried.map(({ accuracy }) => accuracy));
  expect(Math.max(...tried.slice(1).map(({ meanBytes }) => meanBytes))).toBeLessThanOrEqual(500);
  expect(notes.chosen).toEqual(bestAdapted(tried).codec);
  // The tail of the chosen codec is the one that is measured: nothing is trained for it again.
  const labels: string[] = [];
  const listening: PaperContext = { ...context, onProgress: (label) => labels.push(label) };
  const row = await runAdaptedPictures(listening, { ...options, codec: notes.chosen as PictureCodec }, grid);
  expect(labels).not.toContain('conv4_x');
  expect(row.history.at(-1)?.accuracy).toBe(bestAdapted(tried).accuracy);
  // No side is larger than the largest.
  const largest = { ...options, codecs: [{ ...given, side: 56 }] };
  expect((await chooseAdaptedCodec(context, largest, grid)).validation).toHaveLength(1);
});

test('of codecs with the same accuracy the one with fewer bytes is adapted to', () => {
  const tried = [
    { accuracy: 0.8, meanBytes: 990 },
    { accuracy: 0.8, meanBytes: 980 },
    { accuracy: 0.7, meanBytes: 500 },
  ];
  expect(bestAdapted(tried)).toBe(tried[1]);
  expect(() => bestAdapted([])).toThrow(RangeError);
});

test('of learning rates with the same accuracy the smallest is taken', () => {
  const tried = [
    { learningRate: 1e-4, accuracy: 0.8 },
    { learningRate: 5e-5, accuracy: 0.8 },
    { learningRate: 2e-5, accuracy: 0.7 },
  ];
  expect(bestLearningRate(tried)).toBe(5e-5);
  expect(() => bestLearningRate([])).toThrow(RangeError);
});
