import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockFolder } from './folder-lock.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('of many at once, one gets the folder; after it the next one does, and nothing is left', async () => {
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder, 'working')));
  const locks = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  expect(locks).toHaveLength(1);
  for (const lock of locks) await lock[Symbol.asyncDispose]();
  await (await lockFolder(folder, 'working'))[Symbol.asyncDispose]();
  expect(await readdir(folder)).toEqual([]);
});

test('the lock of another process that runs is respected', async () => {
  await writeFile(join(folder, 'lock'), String(process.ppid));
  await expect(lockFolder(folder, 'working')).rejects.toThrow(`process ${process.ppid} is working in ${folder}`);
  expect(await readdir(folder)).toEqual(['lock']);
});

test.each([
  ['of a process that is gone', () => String(spawnSync(process.execPath, ['--version']).pid)],
  ['of an earlier process with our number', () => String(process.pid)],
  ['with no number in it', () => ''],
])('a lock %s is taken over', async (_, content) => {
  await writeFile(join(folder, 'lock'), content());
  await using lock = await lockFolder(folder, 'working');
  expect(lock).toBeDefined();
});
