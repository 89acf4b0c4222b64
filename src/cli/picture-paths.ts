/** From what a command is given, files and folders, to the pictures that are meant. */

import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { ImageError } from '../core/errors.ts';

/** Endings by which pictures are found in a folder; a file given by name may end in anything. */
const pictureEndings: ReadonlySet<string> = new Set([
  '.jpg',
  '.jpeg',
  '.png',
  '.webp',
  '.avif',
  '.gif',
  '.tif',
  '.tiff',
]);

/**
 * Lists the pictures of files and folders, folders with all that is below them, sorted by name within each.
 *
 * @throws {@link ImageError} when a path does not exist or a folder holds no picture.
 */
export async function picturePaths(given: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(given.map(listOne));
  return lists.flat();
}

async function listOne(path: string): Promise<string[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new ImageError(`there is no picture or folder "${path}": check the path`, { cause });
  });
  if (!found.isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const pictures = entries
    .filter((entry) => entry.isFile() && pictureEndings.has(extname(entry.name).toLowerCase()))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  if (pictures.length === 0) {
    throw new ImageError(
      `the folder "${path}" holds no picture: expected files ending in ${[...pictureEndings].join(', ')}`,
    );
  }
  return pictures;
}
