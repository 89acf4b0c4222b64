/**
 * Files and folders that appear whole or not at all: written under a temporary name beside the target, then renamed.
 *
 * Rests on POSIX rename(2), which is atomic within one file system. The twist: rename cannot replace a folder that holds
 * something, so an old folder first steps aside and comes back when the new one cannot take its place. A symbolic link stays
 * and what it points to is replaced; a device or pipe (`/dev/null`, `/dev/stdout`) is written to, never replaced.
 */

import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { makeFolder } from './make-folder.ts';

/** Temporary paths that exist at this moment; removed when the process exits before they were renamed. */
const unfinished = new Set<string>();
let watchesExit = false;

/**
 * Writes a file that is either the old one or the whole new one, whenever anyone looks.
 *
 * @param path - Target; its folder is made when missing.
 * @param bytes - The whole content. A string is written as UTF-8.
 * @throws the file system's error (`ENOSPC`, `EACCES`, ...), after the temporary file is gone; the old file is untouched.
 */
export async function atomicWriteFile(path: string, bytes: Uint8Array | string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && !found.isFile() && !found.isDirectory()) {
    await writeFile(path, bytes);
    return;
  }
  const target = await behindLinks(path);
  await makeFolder(dirname(target));
  await withTemporaryPath(target, async (temporary) => {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      // Without it a power cut can leave the new name with no content: the rename may reach the disk before the data.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  });
}

/**
 * Fills a folder that is either the old one or the whole new one.
 *
 * @param path - Target folder. One that exists is replaced, with all that it holds.
 * @param fill - Writes the content into the (empty) folder that it is given.
 * @returns what `fill` returned.
 * @throws what `fill` throws, and the file system's errors; the temporary folder is gone then, the old folder untouched.
 */
export async function atomicFolder<T>(path: string, fill: (folder: string) => Promise<T>): Promise<T> {
  const target = await behindLinks(path);
  await makeFolder(dirname(target));
  return withTemporaryPath(target, async (temporary) => {
    await mkdir(temporary);
    const result = await fill(temporary);
    await replaceFolder(temporary, target);
    return result;
  });
}

async function withTemporaryPath<T>(target: string, use: (temporary: string) => Promise<T>): Promise<T> {
  const temporary = pathBeside(target, 'partial');
  removeUnfinishedAtExit();
  unfinished.add(temporary);
  try {
    return await use(temporary);
  } catch (error) {
    throw namingTarget(error, temporary, target);
  } finally {
    // After a successful rename there is nothing under this name any more.
    await rm(temporary, { recursive: true, force: true });
    unfinished.delete(temporary);
  }
}

/** The path itself, or what it points to when it is a symbolic link. */
function behindLinks(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
}

/** Puts the target into an error of the file system that names the temporary path, or (a full disk) no path at all. */
function namingTarget(error: unknown, temporary: string, target: string): unknown {
  if (error instanceof Error && 'syscall' in error) {
    const path = 'path' in error ? String(error.path) : temporary;
    if (path.startsWith(temporary)) Object.assign(error, { path: target });
  }
  return error;
}

async function replaceFolder(source: string, target: string): Promise<void> {
  try {
    await rename(source, target);
  } catch (error) {
    if (!isOccupied(error)) throw error;
    const aside = pathBeside(target, 'old');
    await rename(target, aside);
    try {
      await rename(source, target);
    } catch (second) {
      await rename(aside, target);
      throw second;
    }
    await rm(aside, { recursive: true, force: true });
  }
}

function pathBeside(target: string, ending: string): string {
  return join(dirname(target), `.${basename(target)}.${process.pid}-${randomBytes(4).toString('hex')}.${ending}`);
}

function isOccupied(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'EPERM';
}

function removeUnfinishedAtExit(): void {
  if (watchesExit) return;
  watchesExit = true;
  process.on('exit', () => {
    for (const path of unfinished) rmSync(path, { recursive: true, force: true });
  });
}
