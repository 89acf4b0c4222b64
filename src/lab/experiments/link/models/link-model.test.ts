/** Models of the experiment that are there already; training itself has its own tests. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomBackbone, randomTrainedModel } from '../../../../../test/fixtures/trained-model.ts';
import { DatasetError, ModelError } from '../../../../core/errors.ts';
import { createNodeRuntime } from '../../../../runtime/node.ts';
import { writeModel } from '../../../build/index.ts';
import type { Dataset } from '../../../datasets/index.ts';
import { linkModelKey, openLinkModel, trainLinkModel } from './link-model.ts';

const folded = randomBackbone();
const trained = randomTrainedModel('conv2_x');
const dataset: Dataset = {
  name: 'photos',
  protocol: 'folder',
  classes: trained.notes.classes,
  train: [],
  test: [],
  hash: trained.notes.dataSplit.hash,
  fingerprint: 'files',
  seed: 0,
};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-link-model-'));
  await writeModel(join(folder, 'model'), trained, folded);
});
afterAll(() => rm(folder, { recursive: true }));

test('a model comes with the work of its device', async () => {
  const { model, deviceGmac } = await openLinkModel(join(folder, 'model'), 'conv2_x', { dataset, folded });
  expect(model.manifest.split).toBe('conv2_x');
  // ResNet-50 up to conv2_x at 224x224, the last block only where the tail reads it.
  expect(deviceGmac).toBeGreaterThan(0.6);
  expect(deviceGmac).toBeLessThan(0.8);
});

test('a model that does not fit is refused, with the reason', async () => {
  const open = (split: 'conv2_x' | 'conv4_x', of: Dataset) =>
    openLinkModel(join(folder, 'model'), split, { dataset: of, folded });
  await expect(open('conv4_x', dataset)).rejects.toThrow(/split after conv2_x: expected one after conv4_x/);
  await expect(open('conv2_x', { ...dataset, hash: 'other' })).rejects.toThrow(DatasetError);
  await expect(open('conv2_x', { ...dataset, classes: ['a', 'b'] })).rejects.toThrow(
    /trained on another data set than photos/,
  );
  await expect(openLinkModel(join(folder, 'nowhere'), 'conv2_x', { dataset, folded })).rejects.toThrow(ModelError);
});

test('a model of the same recipe and data is not trained again', async () => {
  const runtime = await createNodeRuntime({ worker: false, threads: 1 });
  const training = { dataset, folded, sources: [], runtime, threads: 1, cacheFolder: folder };
  const key = linkModelKey('conv4_x', training);
  expect(linkModelKey('conv4_x', { ...training, dataset: { ...dataset, fingerprint: 'other files' } })).not.toBe(key);
  expect(linkModelKey('conv4_x', { ...training, threads: 2 })).not.toBe(key);
  const known = join(folder, 'link-models', `conv4_x-${key}`);
  await mkdir(known, { recursive: true });
  await writeFile(join(known, 'manifest.json'), '{}');
  expect(await trainLinkModel('conv4_x', training)).toBe(known);
});
