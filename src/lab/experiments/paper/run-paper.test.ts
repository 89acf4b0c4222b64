/** The grid and its run: what is selected, run once, kept, and run again for another protocol. */

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { classes, drawnDataset, thinBackbone, tinyProtocol } from '../../../../test/fixtures/paper-context.ts';
import { madeResult } from '../../../../test/fixtures/paper-results.ts';
import { createNodeRuntime } from '../../../runtime/node.ts';
import { hasCurrentResult } from './current-result.ts';
import { type Configuration, paperGrid, quickGrid } from './grid.ts';
import { learningRateTrials, methodTrials } from './learning-rate-trials.ts';
import { neededIds } from './needed-results.ts';
import { paperParts } from './paper-parts.ts';
import type { PaperResult } from './paper-result.ts';
import { largerSides } from './pictures/choose-adapted-codec.ts';
import { adaptedEpochs } from './pictures/codec-tail.ts';
import { paperProtocol } from './protocol.ts';
import { paperStates, type RunPaperOptions, runPaper, selectConfigurations } from './run-paper.ts';
import { trainingVersions } from './training-versions.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-grid-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('ids are unique, and whatever takes a learning rate or a codec that is chosen elsewhere finds it in the grid', () => {
  for (const grid of [paperGrid(), quickGrid()]) {
    expect(new Set(grid.map(({ id }) => id)).size).toBe(grid.length);
  }
  const ids = new Set(paperGrid().map(({ id }) => id));
  const needed = paperGrid().flatMap((configuration) => neededIds(configuration, {}));
  expect(needed).toContain('learning-rates-bottlenet-conv2x');
  expect(needed).toContain('learning-rates-bottlenet-conv2x-256x');
  expect(needed).toContain('learning-rates-end-to-end-conv4x');
  expect(needed).toContain('learning-rates-bottlenet-fine-tune-conv4x');
  expect(needed).toContain('pictures-seed0');
  expect(needed).toContain('learning-rates-adapted-pictures-conv4x-1000');
  expect(needed).toContain('adapted-codec-500');
  // What is chosen stands before what takes it.
  const places = paperGrid().map(({ id }) => id);
  for (const configuration of paperGrid()) {
    for (const id of neededIds(configuration, {})) {
      expect([configuration.id, places.indexOf(id) < places.indexOf(configuration.id)]).toEqual([
        configuration.id,
        true,
      ]);
    }
  }
  for (const id of needed) expect(ids).toContain(id);
});

test('--only picks by parts of ids, and says when a part picks nothing', () => {
  const grid = paperGrid();
  expect(selectConfigurations(grid, undefined)).toEqual(grid);
  const picked = selectConfigurations(grid, 'pictures-seed0, conv5x-packet').map(({ id }) => id);
  expect(picked).toContain('pictures-seed0');
  expect(picked).toContain('bottlenet-conv5x-packet-seed0');
  expect(picked.every((id) => /pictures-seed0|conv5x-packet/.test(id))).toBe(true);
  const rates = 'learning-rates-bottlenet-conv2x';
  expect(selectConfigurations(grid, rates).map(({ id }) => id)).toEqual([rates]);
  expect(selectConfigurations(grid, `${rates}-`).map(({ id }) => id)).toEqual([`${rates}-256x`]);
  expect(() => selectConfigurations(grid, 'conv5x,conv6x')).toThrow(/"conv6x".*--dry-run/);
  expect(() => selectConfigurations(grid, '')).toThrow(/--only/);
});

/** Grey pictures, a little lighter with each class. */
const samples = (part: string, ofClass: number) =>
  classes.flatMap((name, label) =>
    Array.from({ length: ofClass }, (_, i) => ({
      id: `${part}/${name}/${i}`,
      label,
      load: async () => new Uint8Array(224 * 224 * 3).fill(40 + 60 * label + i),
    })),
  );

const configuration: Configuration = { id: 'uncompressed-seed0', method: 'uncompressed', seed: 0 };

async function options(extra: Partial<RunPaperOptions> = {}): Promise<RunPaperOptions> {
  return {
    configurations: [configuration],
    dataset: drawnDataset(samples('train', 5), samples('test', 3)),
    protocol: tinyProtocol,
    splits: ['conv5_x'],
    folded: thinBackbone(),
    runtime: await createNodeRuntime({ worker: false, threads: 1 }),
    threads: 1,
    cacheFolder: join(folder, 'cache'),
    outFolder: join(folder, 'out'),
    command: 'npx aecnn experiment paper',
    ...extra,
  };
}

test('the teacher sees all but the validation part, compressors so many of each class; the parts are disjoint', async () => {
  const { dataset } = await options();
  const { parts, protocol } = paperParts(dataset, { ...tinyProtocol, trainPerClass: 2 });
  expect(parts.fitted).toBe(6);
  const ids = parts.dataset.train.map(({ id }) => id);
  const [fitted, held] = [ids.slice(0, 6), ids.slice(6)];
  const teacher = parts.teacherSamples.map(({ id }) => id);
  expect(teacher).toEqual(expect.arrayContaining(fitted));
  expect(held.filter((id) => teacher.includes(id))).toEqual([]);
  expect(new Set([...teacher, ...held])).toEqual(new Set(dataset.train.map(({ id }) => id)));
  expect(protocol).toMatchObject({
    trainImages: teacher.length,
    compressorImages: 6,
    validationImages: held.length,
    testImages: 9,
  });
  for (const label of [0, 1, 2]) {
    expect(parts.dataset.train.slice(0, 6).filter((sample) => sample.label === label)).toHaveLength(2);
  }
});

test('a result is written once; a damaged one, and one of another protocol, is made anew', {
  timeout: 120_000,
}, async () => {
  const started: string[] = [];
  const run = async (extra: Partial<RunPaperOptions> = {}) =>
    runPaper(await options({ onStart: ({ id }) => started.push(id), ...extra }), [configuration]);
  const [first] = await run();
  const path = join(folder, 'out', 'uncompressed-seed0.json');
  const written = JSON.parse(await readFile(path, 'utf8')) as PaperResult;
  expect(written.test[0]?.right).toBe(first?.test[0]?.right);
  expect(written.provenance.command).toBe('npx aecnn experiment paper');
  expect(written.settings.protocol).toMatchObject({
    trainImages: 12,
    compressorImages: 12,
    validationImages: 3,
    testImages: 9,
  });
  // Lists of numbers stand on one line.
  expect(await readFile(path, 'utf8')).toMatch(/"perClass": \[[^\n]*\]/);

  await run();
  expect(started).toEqual(['uncompressed-seed0']);
  await writeFile(path, '{"cut');
  await run();
  expect(started).toHaveLength(2);
  const fewer = { ...tinyProtocol, trainPerClass: 3 };
  await run({ protocol: fewer });
  expect(started).toHaveLength(3);
  expect(await readdir(join(folder, 'out'))).toEqual(['uncompressed-seed0.json']);

  const { dataset } = await options();
  const states = await paperStates([configuration], join(folder, 'out'), paperParts(dataset, fewer).protocol, [
    configuration,
  ]);
  expect(states.map(({ result }) => result !== undefined)).toEqual([true]);
  const others = await paperStates([configuration], join(folder, 'out'), paperParts(dataset, tinyProtocol).protocol, [
    configuration,
  ]);
  expect(others.map(({ result }) => result !== undefined)).toEqual([false]);
});

test('a result at another learning rate than the chosen one counts as not run', async () => {
  const { dataset } = await options();
  const { learningRates: _chosenHere, ...choices } = tinyProtocol;
  const { protocol } = paperParts(dataset, choices);
  const out = await mkdtemp(join(folder, 'rates-'));
  const write = (id: string, learningRate: number, chosen?: number, more: object = {}) => {
    const settings = { protocol, learningRate, ...more };
    return writeFile(join(out, `${id}.json`), JSON.stringify({ id, settings, notes: { chosen } }));
  };
  const tried = { learningRates: methodTrials.aecnn.rates, share: protocol.learningRateShare };
  const trained = paperGrid().filter(({ id }) => id.startsWith('aecnn-conv3x'));
  for (const { id } of trained) await write(id, 0.001);
  const current = async () =>
    (await paperStates(trained, out, protocol, paperGrid()))
      .filter(({ result }) => result)
      .map(({ result }) => result?.id);
  // Rows that do not say the version of their training are older than today's; choices of learning rates stand.
  expect(await current()).toEqual([]);
  for (const { id } of trained) await write(id, 0.001, undefined, { trainingVersion: trainingVersions.aecnn });
  expect(await current()).toEqual(['aecnn-conv3x-packet-seed0', 'aecnn-conv3x-256x-seed0']);
  const { rates } = learningRateTrials('aecnn', { split: 'conv2_x', size: 'packet' });
  await write('learning-rates-aecnn-conv2x', 0, 0.001, { learningRates: rates, share: 1 });
  await write('learning-rates-aecnn-conv2x-256x', 0, 0.0001, tried);
  expect(await current()).toEqual(['aecnn-conv3x-packet-seed0']);
  // Theirs say none for the tail that is trained too: it was the protocol's.
  const fineTuned = { learningRates: methodTrials['aecnn-fine-tune'].rates, share: 1 };
  const writeLast = (chosen: number) => write('learning-rates-aecnn-fine-tune-conv4x', 0, chosen, fineTuned);
  await writeLast(protocol.fineTuneLearningRate);
  expect(await current()).toEqual(['aecnn-conv3x-packet-seed0']);
  await writeLast(2 * protocol.fineTuneLearningRate);
  expect(await current()).toEqual([]);
});

test('a result of an older training, or of other trials, counts as not run, and so does what rests on it', () => {
  const grid = paperGrid();
  const of = (id: string): Configuration => grid.find((one) => one.id === id) as Configuration;
  const made = (id: string, settings: object, chosen?: number): [string, PaperResult] => [
    id,
    madeResult({ id, method: of(id).method, settings: settings as PaperResult['settings'], notes: { chosen } }),
  ];
  const rates = (settings: object, chosen = 0.01) => made('learning-rates-bottlenet-conv4x', settings, chosen);
  const last = made(
    'learning-rates-bottlenet-fine-tune-conv4x',
    { trainingVersion: 4, learningRates: methodTrials['bottlenet-fine-tune'].rates, share: 1, learningRate: 0.01 },
    0.001,
  );
  const today = { trainingVersion: 4, learningRates: methodTrials.bottlenet.rates, share: 1 };
  const row = { learningRate: 0.01, fineTuneLearningRate: 0.001 };
  const id = 'bottlenet-conv4x-packet-seed0';
  const isCurrent = (settings: object, choices: readonly [string, PaperResult][]): boolean =>
    hasCurrentResult(
      of(id),
      new Map([made(id, settings), ...choices]),
      { ...paperProtocol, fineTuneLearningRate: 0.001 },
      grid,
    );
  expect(isCurrent({ ...row, trainingVersion: 4 }, [])).toBe(true);
  expect(isCurrent({ ...row, trainingVersion: 4 }, [rates(today), last])).toBe(true);
  expect(isCurrent(row, [])).toBe(false);
  expect(isCurrent({ ...row, trainingVersion: 4 }, [rates({ ...today, trainingVersion: 3 })])).toBe(false);
  expect(isCurrent({ ...row, trainingVersion: 4 }, [rates({ ...today, learningRates: [0.01] })])).toBe(false);
  expect(isCurrent({ ...row, trainingVersion: 4 }, [rates({ ...today, share: 0.2 })])).toBe(false);
  expect(isCurrent({ ...row, trainingVersion: 4 }, [rates({ ...today, epochs: 8 })])).toBe(false);
  // A rule of the last phase that came later: at conv2_x alone it makes another row, and no other choice of learning rates.
  const early = 'bottlenet-conv2x-packet-seed0';
  const isEarlyCurrent = (trainingVersion: number): boolean => {
    const trials = { trainingVersion: 4, learningRates: [0.03, 0.1, 0.3], share: 1, epochs: 8 };
    const found = [
      made(early, { ...row, trainingVersion }),
      made('learning-rates-bottlenet-conv2x', trials, 0.01),
    ] as const;
    return hasCurrentResult(of(early), new Map(found), { ...paperProtocol, fineTuneLearningRate: 0.001 }, grid);
  };
  expect([4, 5].map(isEarlyCurrent)).toEqual([false, true]);
  // The last phase was tried behind a compressor of another rate than the one that is chosen now.
  const later = { ...row, learningRate: 0.003, trainingVersion: 4 };
  expect(isCurrent(later, [rates(today, 0.003)])).toBe(true);
  expect(isCurrent(later, [rates(today, 0.003), last])).toBe(false);
});

test('adapted pictures of another codec than the one that is chosen now count as not run', () => {
  const grid = paperGrid();
  const of = (id: string): Configuration => grid.find((one) => one.id === id) as Configuration;
  const webp = (quality: number) => ({ format: 'webp', side: 112, quality });
  const made = (id: string, settings: object, more: Partial<PaperResult> = {}): PaperResult =>
    madeResult({ id, method: of(id).method, settings: settings as PaperResult['settings'], ...more });
  const row = 'adapted-pictures-2000-seed1';
  const adapted = (quality: number) => made(row, { trainingVersion: 3, codec: webp(quality) });
  const trial = (start: number, more: object = {}) =>
    made(
      'adapted-codec-2000',
      { trainingVersion: 3, codecs: [webp(start)], largerSides, epochs: adaptedEpochs(paperProtocol), ...more },
      { notes: { chosen: webp(65) } },
    );
  const rates = (quality: number) =>
    made('learning-rates-adapted-pictures-conv4x-1000', {
      trainingVersion: 3,
      codec: webp(quality),
      learningRates: methodTrials['adapted-pictures'].rates,
      share: 1,
    });
  const pictures = (trainingVersion: number) =>
    made(
      'pictures-seed0',
      { trainingVersion },
      { validation: [{ name: 'webp 112px q60', accuracy: 0.9, bytes: { mean: 1980, max: 3000 } }] },
    );
  const isCurrent = (id: string, ...results: readonly PaperResult[]): boolean =>
    hasCurrentResult(of(id), new Map(results.map((one) => [one.id, one])), paperProtocol, grid);
  expect(isCurrent(row, adapted(50))).toBe(true);
  expect(isCurrent(row, adapted(65), trial(60), pictures(trainingVersions.pictures))).toBe(true);
  expect(isCurrent(row, adapted(50), trial(60), pictures(trainingVersions.pictures))).toBe(false);
  // A trial that began with other codecs than the pictures say, and one whose pictures are not of today.
  expect(isCurrent(row, adapted(65), trial(50), pictures(trainingVersions.pictures))).toBe(false);
  expect(isCurrent(row, adapted(65), trial(60), pictures(trainingVersions.pictures - 1))).toBe(false);
  expect(isCurrent('adapted-codec-2000', trial(60), pictures(trainingVersions.pictures))).toBe(true);
  expect(isCurrent('adapted-codec-2000', trial(60, { largerSides: 1 }), pictures(trainingVersions.pictures))).toBe(
    false,
  );
  expect(isCurrent('adapted-codec-2000', trial(60, { epochs: 4 }), pictures(trainingVersions.pictures))).toBe(false);
  const atRates = (codec: number): boolean =>
    isCurrent('learning-rates-adapted-pictures-conv4x-1000', rates(codec), {
      ...pictures(trainingVersions.pictures),
      validation: [{ name: 'webp 112px q30', accuracy: 0.9, bytes: { mean: 980, max: 2000 } }],
    });
  expect([30, 31].map(atRates)).toEqual([true, false]);
  // Results that say no version are older than those of today.
  expect(isCurrent(row, made(row, { codec: webp(65) }))).toBe(false);
});

test('with distillation BottleNet++ has rates of its own where they are chosen, elsewhere those without distillation', () => {
  const needed = (id: string) => neededIds(paperGrid().find((one) => one.id === id) as Configuration, {})[0];
  expect(needed('bottlenet-distilled-conv4x-256x-seed0')).toBe('learning-rates-bottlenet-distilled-conv4x');
  expect(needed('bottlenet-distilled-conv5x-packet-seed0')).toBe('learning-rates-bottlenet-distilled-conv5x');
  expect(needed('bottlenet-distilled-conv3x-packet-seed0')).toBe('learning-rates-bottlenet-conv2x');
  expect(needed('bottlenet-distilled-conv2x-256x-seed0')).toBe('learning-rates-bottlenet-conv2x-256x');
});
