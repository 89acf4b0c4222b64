/**
 * A folder with a folder per class: the layout of Caltech-101 and of most image tools.
 *
 * Classes are the folders' names in code-unit order. `BACKGROUND_Google`, the clutter class of Caltech-101, is skipped by
 * name. Files that are no pictures by their extension are left out and counted. Nothing is decoded here.
 */

import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { DatasetError } from '../../core/errors.ts';
import { createRandom } from '../../core/tensor/index.ts';
import { decodePicture } from '../../runtime/picture.ts';
import type { Dataset, DatasetOptions, Sample } from './dataset.ts';
import { limitPerClass, splitHash, splitNames } from './split.ts';

/** Extensions of the files that count as pictures, lower case. */
const pictureExtensions: readonly string[] = ['.jpg', '.jpeg', '.png', '.webp', '.avif', '.gif', '.tif', '.tiff'];

/** Folders that are no class, by name. */
const skippedClasses: readonly string[] = ['BACKGROUND_Google'];

/** How to open an image folder. */
export interface ImageFolderOptions extends DatasetOptions {
  /** Told once for each thing that was left out, as a sentence for the user. */
  readonly onSkip?: (message: string) => void;
}

/**
 * Opens an image folder and splits it.
 *
 * @param folder - Path of the folder that holds the class folders.
 * @throws {@link DatasetError} when the folder is missing, has fewer than two classes, or a class has fewer than two
 * pictures.
 */
export async function openImageFolder(folder: string, options: ImageFolderOptions = {}): Promise<Dataset> {
  const { seed = 0, onSkip } = options;
  const classes = await classFolders(folder, onSkip);
  const random = createRandom(seed);
  const train: Sample[] = [];
  const test: Sample[] = [];
  const fingerprint = createHash('sha256');
  let ignored = 0;
  for (const [label, name] of classes.entries()) {
    const path = join(folder, name);
    const files = await readdir(path, { withFileTypes: true });
    const pictures = files.filter((file) => !file.isDirectory() && isPicture(file.name)).map((file) => file.name);
    ignored += files.length - pictures.length;
    if (pictures.length < 2) {
      throw new DatasetError(
        `class "${name}" in ${folder} has ${pictures.length === 0 ? 'no picture' : 'one picture'}, and a class needs two at least (one to train, one to test): add pictures (${pictureExtensions.join(' ')}) or remove its folder`,
      );
    }
    for (const file of [...pictures].sort()) {
      const { size, mtimeMs } = await stat(join(path, file));
      fingerprint.update(`${name}/${file}\t${size}\t${mtimeMs}\n`);
    }
    const toSample = (file: string): Sample => ({
      id: `${name}/${file}`,
      label,
      load: async () => (await decodePicture(join(path, file))).rgb,
    });
    const parts = splitNames(pictures, random);
    train.push(...parts.train.map(toSample));
    test.push(...parts.test.map(toSample));
  }
  if (ignored > 0)
    onSkip?.(`${ignored} ${ignored === 1 ? 'file is' : 'files are'} no picture by the extension and left out`);
  const hash = splitHash([
    ...train.map(({ id }) => ({ id, part: 'train' as const })),
    ...test.map(({ id }) => ({ id, part: 'test' as const })),
  ]);
  return {
    name: basename(resolve(folder)),
    protocol: 'folder',
    classes,
    train: limitPerClass(train, options.limitPerClass),
    test: limitPerClass(test, options.limitPerClass),
    hash,
    fingerprint: fingerprint.digest('hex'),
    seed,
    ...(options.limitPerClass === undefined ? {} : { limitPerClass: options.limitPerClass }),
  };
}

/** Whether a file counts as a picture, by its name alone. */
function isPicture(fileName: string): boolean {
  return !fileName.startsWith('.') && pictureExtensions.includes(extname(fileName).toLowerCase());
}

async function classFolders(folder: string, onSkip: ((message: string) => void) | undefined): Promise<string[]> {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) {
    throw new DatasetError(`there is no folder ${folder}: give a folder that holds a folder of pictures per class`);
  }
  if (!found.isDirectory()) {
    throw new DatasetError(
      `${folder} is a file: unpack it and give the folder that holds a folder of pictures per class`,
    );
  }
  const folders: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    if (name.startsWith('.')) continue;
    const entry = await stat(join(folder, name)).catch(() => undefined);
    if (entry?.isDirectory() !== true) continue;
    if (skippedClasses.includes(name)) onSkip?.(`the folder ${name} is clutter and no class: skipped`);
    else folders.push(name);
  }
  if (folders.length < 2) {
    throw new DatasetError(
      `${folder} holds ${folders.length === 0 ? 'no class folder' : `one class folder (${folders[0]}) only`}, and two classes are the least: give a folder that holds a folder of pictures per class`,
    );
  }
  return folders;
}
