import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DatasetError } from '../../core/errors.ts';
import { encodePicture } from '../../runtime/picture.ts';
import { openCifar10 } from './index.ts';

/** A made-up CIFAR-10 in the package's layout: picture i of a file is a left half of one grey and a right half of another. */
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-cifar-'));
  const rgb = new Uint8Array(1024 * 10_000 * 3);
  for (let i = 0; i < 10_000; i++) {
    for (let p = 0; p < 1024; p++) rgb.fill(p % 32 < 16 ? i % 200 : 250, (i * 1024 + p) * 3, (i * 1024 + p) * 3 + 3);
  }
  const png = await encodePicture({ rgb, width: 1024, height: 10_000 }, { format: 'png' });
  for (const name of ['data_batch_1', 'data_batch_5', 'test_batch']) await writeFile(join(folder, `${name}.png`), png);
  const thin = await encodePicture({ rgb: rgb.subarray(0, 1024 * 3), width: 1024, height: 1 }, { format: 'png' });
  await writeFile(join(folder, 'data_batch_2.png'), thin);
  const labels = (count: number) => JSON.stringify(Array.from({ length: count }, (_, i) => i % 10));
  await writeFile(join(folder, 'train_lables.json'), labels(50_000));
  await writeFile(join(folder, 'test_lables.json'), labels(10_000));
});
afterAll(() => rm(folder, { recursive: true }));

test('it has its own parts, bounded by a limit per class', async () => {
  const all = await openCifar10(folder);
  expect(all).toMatchObject({ name: 'cifar10', protocol: 'cifar10', seed: 0 });
  expect([all.train.length, all.test.length]).toEqual([50_000, 10_000]);
  const few = await openCifar10(folder, { limitPerClass: 2 });
  expect([few.train.length, few.test.length]).toEqual([20, 20]);
  expect(few.train.at(-1)).toMatchObject({ id: 'train/00019', label: 9 });
  expect(few.hash).toBe(all.hash);
});

test('a row is a picture, scaled up to the square input', async () => {
  const { train, test: held } = await openCifar10(folder);
  for (const [sample, grey] of [
    [train[123], 123],
    [train[49_999], 199],
    [held[7], 7],
  ] as const) {
    const rgb = (await sample?.load()) ?? new Uint8Array(0);
    expect(rgb).toHaveLength(224 * 224 * 3);
    const at = (x: number, y: number) => rgb[(y * 224 + x) * 3];
    expect([at(0, 0), at(60, 223), at(160, 0), at(223, 223)]).toEqual([grey, grey, 250, 250]);
  }
});

test('files that are missing or of another size are a DatasetError', async () => {
  const { train } = await openCifar10(folder);
  await expect(train[10_000]?.load()).rejects.toThrow(/data_batch_2.png is 1024 x 1 pixels/);
  await expect(train[20_000]?.load()).rejects.toThrow(/data_batch_3.png/);
  await expect(openCifar10(join(folder, 'nowhere'))).rejects.toThrow(DatasetError);
});
