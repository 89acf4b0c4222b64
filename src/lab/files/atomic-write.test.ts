import { execFile } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { atomicFolder, atomicWriteFile, makeFolder } from './index.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a file is written, replaced, and its folder made', async () => {
  const path = join(folder, 'deep', 'file.bin');
  await atomicWriteFile(path, Uint8Array.of(1, 2, 3));
  await atomicWriteFile(path, Uint8Array.of(4));
  expect([...(await readFile(path))]).toEqual([4]);
  expect(await readdir(join(folder, 'deep'))).toEqual(['file.bin']);
});

test('a file that cannot take its place leaves nothing behind', async () => {
  await mkdir(join(folder, 'taken', 'by-a-folder'), { recursive: true });
  await expect(atomicWriteFile(join(folder, 'taken'), 'text')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/);
  expect(await readdir(folder)).toEqual(['taken']);
});

test('a folder is filled, and replaced whole', async () => {
  const path = join(folder, 'model');
  await atomicFolder(path, (into) => writeFile(join(into, 'old'), ''));
  const returned = await atomicFolder(path, async (into) => {
    await writeFile(join(into, 'new'), '');
    return 7;
  });
  expect(returned).toBe(7);
  expect(await readdir(path)).toEqual(['new']);
  expect(await readdir(folder)).toEqual(['model']);
});

test('a folder whose filling fails leaves the old one as it was', async () => {
  const path = join(folder, 'model');
  await atomicFolder(path, (into) => writeFile(join(into, 'old'), ''));
  const failure = atomicFolder(path, async (into) => {
    await writeFile(join(into, 'new'), '');
    throw new Error('no space');
  });
  await expect(failure).rejects.toThrow('no space');
  expect(await readdir(path)).toEqual(['old']);
  expect(await readdir(folder)).toEqual(['model']);
});

test('a symbolic link stays, what it points to is replaced', async () => {
  await writeFile(join(folder, 'file'), 'old');
  await symlink('file', join(folder, 'link'));
  await atomicWriteFile(join(folder, 'link'), 'new');
  expect((await lstat(join(folder, 'link'))).isSymbolicLink()).toBe(true);
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('new');
});

test.skipIf(process.platform === 'win32')('a pipe or device is written to and never replaced', async () => {
  const pipe = join(folder, 'pipe');
  const run = promisify(execFile);
  await run('mkfifo', [pipe]);
  const read = readFile(pipe, 'utf8');
  await atomicWriteFile(pipe, 'through');
  expect(await read).toBe('through');
  expect((await lstat(pipe)).isFIFO()).toBe(true);
});

test('a failure names the target, not the temporary file', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(atomicWriteFile(join(folder, 'file', 'below'), 'x')).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(makeFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'ENOTDIR', path: join(folder, 'file') });
});

test.runIf(process.platform === 'linux')('a folder that cannot be made is an error, not a wait', async () => {
  await expect(makeFolder('/proc/aecnn/below')).rejects.toMatchObject({ path: '/proc/aecnn' });
});
