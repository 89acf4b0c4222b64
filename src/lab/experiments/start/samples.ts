/** The pictures of the experiment: a folder per class, as every image tool lays them out. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatasetError } from '../../../core/errors.ts';

/** One picture and what it shows. */
export interface Sample {
  /** `<class>/<file>`. */
  readonly name: string;
  readonly path: string;
  readonly label: string;
}

const pictureEnding = /\.(jpe?g|png|webp|avif|gif|tiff?)$/i;

/**
 * Lists the pictures in a folder of class folders, sorted by name.
 *
 * @param classes - Labels that the model knows.
 * @throws {@link DatasetError} when the folder is missing, holds no picture, or a class folder is none of the model's.
 */
export async function listSamples(folder: string, classes: readonly string[]): Promise<Sample[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new DatasetError(`there is no folder of sample pictures "${folder}": give one with --samples`, { cause });
  });
  const labels = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const samples: Sample[] = [];
  for (const label of labels.sort()) {
    const names = (await readdir(join(folder, label))).filter((name) => pictureEnding.test(name));
    if (names.length > 0 && !classes.includes(label)) {
      throw new DatasetError(
        `the model has no class "${label}": name each folder in ${folder} after one of its ${classes.length} classes`,
      );
    }
    for (const name of names.sort()) samples.push({ name: `${label}/${name}`, path: join(folder, label, name), label });
  }
  if (samples.length === 0) {
    throw new DatasetError(`the folder "${folder}" holds no pictures: expected <class>/<picture>.jpg`);
  }
  return samples;
}
