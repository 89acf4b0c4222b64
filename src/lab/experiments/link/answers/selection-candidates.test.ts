import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mosaicSamples, tinyAnswerContext } from '../../../../../test/fixtures/tiny-answers.ts';
import { codecName } from '../../paper/pictures/picture-codecs.ts';
import { openPictureNetwork } from './picture-answers.ts';
import { type CandidateGrid, linkPictureGrid, selectionCandidates } from './selection-candidates.ts';

let cacheFolder = '';
beforeEach(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'aecnn-candidates-'));
});
afterEach(() => rm(cacheFolder, { recursive: true }));

const grid: CandidateGrid = {
  formats: ['jpeg', 'webp'],
  sides: [112, 28],
  qualities: [5, 50, 90],
  budgets: [600, 1500],
  sampledPictures: 3,
  validationPictures: 6,
  mostCandidates: 2,
};

test('candidates of each format answer the same seeded training pictures', async () => {
  const { context, count } = await tinyAnswerContext(cacheFolder);
  await using network = openPictureNetwork(context);
  const train = mosaicSamples(30);
  const { samples, labels, candidates } = await selectionCandidates(network, { train }, 0, grid);
  // Evenly from the classes.
  expect([...labels].sort()).toEqual([0, 0, 1, 1, 2, 2]);
  expect(labels).toEqual(samples.map(({ label }) => label));
  const ids = samples.map(({ id }) => id);
  expect(train.map(({ id }) => id).filter((id) => ids.includes(id))).toEqual(ids);
  for (const format of grid.formats) {
    const ofFormat = candidates.filter(({ codec }) => codec.format === format);
    expect(ofFormat.length).toBeGreaterThan(0);
    expect(new Set(ofFormat.map(({ codec }) => codecName(codec))).size).toBe(ofFormat.length);
  }
  for (const { bytes, answers } of candidates) expect([bytes.length, answers.length]).toEqual([6, 6]);

  const before = { ...count };
  expect((await selectionCandidates(network, { train }, 0, grid)).candidates).toEqual(candidates);
  expect(count).toEqual(before);
  const other = await selectionCandidates(network, { train }, 1, grid);
  expect(other.samples.map(({ id }) => id)).not.toEqual(ids);
});

test('every budget of the grid for links can have its best codec among the candidates', () => {
  expect(linkPictureGrid.mostCandidates).toBeGreaterThanOrEqual(linkPictureGrid.budgets.length);
});
