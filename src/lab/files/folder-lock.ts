/**
 * One process at a time in a folder: a file with the number of the process that works there.
 *
 * The file appears with its content (POSIX link(2) fails where the name is taken): a process that finds it empty would take it
 * for one that a dead process left.
 */

import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvironmentError } from '../../core/errors.ts';

/** Locks of this process: a file with its number that is not among them was left by an earlier process of that number. */
const held = new Set<string>();

/**
 * Keeps others out of a folder until it is disposed; the lock of a process that is gone is taken over.
 *
 * @param folder - Must exist.
 * @param work - What is done there, for the sentence that others get ("filling the features").
 * @throws {@link EnvironmentError} when another process, or another part of this one, works there.
 */
export async function lockFolder(folder: string, work: string): Promise<AsyncDisposable> {
  const path = join(folder, 'lock');
  const own = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(own, String(process.pid));
  try {
    while (!(await linkIfFree(own, path))) {
      const owner = Number(await readFile(path, 'utf8').catch(() => '0'));
      if (owner === process.pid ? held.has(path) : isRunning(owner)) {
        throw new EnvironmentError(
          `process ${owner} is ${work} in ${folder}: wait until it is done and run the command again, or give another --cache`,
        );
      }
      await rm(path, { force: true });
    }
  } finally {
    await rm(own, { force: true });
  }
  held.add(path);
  return {
    [Symbol.asyncDispose]: async () => {
      held.delete(path);
      await rm(path, { force: true });
    },
  };
}

async function linkIfFree(from: string, path: string): Promise<boolean> {
  try {
    await link(from, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

function isRunning(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
