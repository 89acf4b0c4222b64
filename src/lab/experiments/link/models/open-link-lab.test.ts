/** The laboratory over a real split model of a thin network. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { thinBackbone } from '../../../../../test/fixtures/paper-context.ts';
import { mosaicSamples } from '../../../../../test/fixtures/tiny-answers.ts';
import { randomTrainedModel } from '../../../../../test/fixtures/trained-model.ts';
import { createNodeRuntime } from '../../../../runtime/node.ts';
import { writeModel } from '../../../build/index.ts';
import { openLinkModel } from './link-model.ts';
import { openLinkLab } from './open-link-lab.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-link-lab-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('opens models in the order of the split points, with answers, times and pictures; then from the cache', async () => {
  const folded = thinBackbone();
  const trained = randomTrainedModel('conv5_x');
  await writeModel(join(folder, 'conv5_x'), trained, folded);
  const { classes, dataSplit } = trained.notes;
  const [train, test] = [mosaicSamples(6, 1), mosaicSamples(4, 2)];
  const split = { protocol: 'folder', hash: dataSplit.hash, fingerprint: 'mosaics', seed: 0 } as const;
  const dataset = { name: 'mosaics', ...split, classes, train, test };
  const labels: string[] = [];
  const open = async () =>
    openLinkLab({
      splits: ['conv5_x'],
      openModel: (of) => openLinkModel(join(folder, of), of, { dataset, folded }),
      dataset,
      samples: test,
      times: {},
      runtime: await createNodeRuntime({ worker: false, threads: 1 }),
      threads: 1,
      cacheFolder: join(folder, 'cache'),
      onProgress: (label) => labels.push(label),
    });
  const lab = await open();
  const [table] = lab.tables;
  expect(table?.split).toBe('conv5_x');
  expect(table?.pictures.map(({ name }) => name)).toEqual(test.map(({ id }) => id));
  expect(table?.timesMs.wholeNetwork).toBeGreaterThan(0);
  const codec = { format: 'jpeg', side: 56, quality: 50 } as const;
  expect((await lab.pictures.answers(codec)).answers.length).toBe(4);
  expect(new Set(labels)).toEqual(
    new Set(['conv5_x: answers at every length', 'conv5_x: times', 'pictures: answers to jpeg 56px q50']),
  );
  await lab.close();

  labels.length = 0;
  const again = await open();
  expect(again.tables[0]?.timesMs).toEqual(table?.timesMs);
  await again.pictures.answers(codec);
  expect(labels).toEqual([]);
  await again.close();
});
