/** Makes a folder with all those above it, level by level. */

import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it that are missing.
 *
 * In place of `mkdir(path, { recursive: true })`, which in Node 20 never returns where a folder cannot be made (`/proc`),
 * and reports a read-only file system as `ENOENT`.
 *
 * @throws the file system's error, with the path that could not be made: `ENOTDIR` when one on the way is a file, `EROFS`,
 *   `EACCES`, `ENOSPC`.
 */
export async function makeFolder(path: string): Promise<void> {
  const target = resolve(path);
  const found = await stat(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) {
    if (dirname(target) !== target) await makeFolder(dirname(target));
    await mkdir(target).catch((error: NodeJS.ErrnoException) => {
      // Another process was quicker.
      if (error.code !== 'EEXIST') throw error;
    });
  } else if (!found.isDirectory()) {
    throw Object.assign(new Error(`not a folder: ${target}`), { code: 'ENOTDIR', syscall: 'mkdir', path: target });
  }
}
