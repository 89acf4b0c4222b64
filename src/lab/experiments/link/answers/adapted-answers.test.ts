import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mosaicSamples } from '../../../../../test/fixtures/tiny-answers.ts';
import { DatasetError, EnvironmentError } from '../../../../core/errors.ts';
import { codecName } from '../../paper/pictures/picture-codecs.ts';
import { readAdaptedAnswers } from './adapted-answers.ts';

const results = fileURLToPath(new URL('../../../../../results/paper', import.meta.url));

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-adapted-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('reads the results of this repository', async () => {
  const test = Array.from({ length: 1736 }, () => mosaicSamples(1)[0] ?? expect.unreachable());
  const adapted = await readAdaptedAnswers(results, { name: '101_ObjectCategories', seed: 0, test });
  // As the other fields of the same files tell it, smallest budget first.
  const told = await Promise.all([500, 1000, 2000].map(readTold));
  expect(adapted.map(({ codec }) => `adapted ${codecName(codec)}`)).toEqual(
    told.map(({ test: [first] }) => first?.name),
  );
  for (const [i, { right, meanBytes }] of adapted.entries()) {
    const [first] = told[i]?.test ?? [];
    expect(right.filter(Boolean).length / right.length).toBeCloseTo(first?.accuracy ?? Number.NaN, 5);
    expect(meanBytes).toBe(first?.bytes.mean);
  }
});

interface Told {
  readonly test: readonly {
    readonly name: string;
    readonly accuracy: number;
    readonly bytes: { readonly mean: number };
  }[];
}

const readTold = async (budget: number): Promise<Told> =>
  JSON.parse(await readFile(join(results, `adapted-pictures-${budget}-seed0.json`), 'utf8')) as Told;

test('refuses another test part', async () => {
  const dataset = { name: 'photos', seed: 0, test: mosaicSamples(7) };
  const refused = readAdaptedAnswers(results, dataset);
  await expect(refused).rejects.toThrow(DatasetError);
  await expect(refused).rejects.toThrow(/answers to 1736 test pictures .* photos with seed 0 has 7/);
});

test('says which result is missing or damaged', async () => {
  const dataset = { name: 'photos', seed: 0, test: mosaicSamples(2) };
  await expect(readAdaptedAnswers(folder, dataset)).rejects.toThrow(EnvironmentError);
  await expect(readAdaptedAnswers(folder, dataset)).rejects.toThrow(/adapted-pictures-500-seed0\.json/);
  for (const budget of [500, 1000, 2000]) {
    await writeFile(join(folder, `adapted-pictures-${budget}-seed0.json`), '{ "method": "pictures" }');
  }
  await expect(readAdaptedAnswers(folder, dataset)).rejects.toThrow(/is no result of an adapted network/);
});
