/**
 * Picks the sample pictures of `samples/` out of the test part of Caltech-101 (split seed 0) and copies them unchanged.
 *
 *     npx tsx scripts/select-samples.ts <path of 101_ObjectCategories>
 *
 * The choice is seeded and blind: 15 classes at random, two test pictures of each, and no answer of any model is looked
 * at.
 */

import { copyFile, mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRandom, shuffled } from '../src/core/tensor/index.ts';
import { openImageFolder } from '../src/lab/datasets/index.ts';

const seed = 0;
const classCount = 15;
const picturesPerClass = 2;

const [source] = process.argv.slice(2);
if (source === undefined) throw new Error('give the path of 101_ObjectCategories');
const target = fileURLToPath(new URL('../samples', import.meta.url));

const dataset = await openImageFolder(source, { seed });
const random = createRandom(seed);
await rm(target, { recursive: true, force: true });
let totalBytes = 0;
for (const name of shuffled(dataset.classes, random).slice(0, classCount)) {
  const candidates = dataset.test.filter((sample) => dataset.classes[sample.label] === name);
  for (const { id } of shuffled(candidates, random).slice(0, picturesPerClass)) {
    await mkdir(dirname(join(target, id)), { recursive: true });
    await copyFile(join(source, id), join(target, id));
    const { size } = await stat(join(source, id));
    totalBytes += size;
    process.stdout.write(`${id} ${size}\n`);
  }
}
process.stdout.write(`${totalBytes} bytes in ${target}\n`);
