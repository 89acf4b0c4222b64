import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { type CachedRowsOptions, cachedRows } from './answer-cache.ts';

let cacheFolder = '';
beforeEach(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'aecnn-rows-'));
});
afterEach(() => rm(cacheFolder, { recursive: true }));

/** Squares, two at a time; `asked` notes from where they were computed. */
function squares(asked: number[], of: Partial<CachedRowsOptions<number>> = {}): CachedRowsOptions<number> {
  return {
    label: 'squares',
    key: { kind: 'squares' },
    row: z.number(),
    count: 7,
    blockSize: 4,
    compute: async function* (first) {
      asked.push(first);
      for (let i = first; i < 7; i += 2) yield [i, i + 1].filter((n) => n < 7).map((n) => n * n);
    },
    ...of,
  };
}

test('rows are computed once a key', async () => {
  const asked: number[] = [];
  const progress: string[] = [];
  const context = { cacheFolder, onProgress: (...told: unknown[]) => void progress.push(told.join(' ')) };
  const all = [0, 1, 4, 9, 16, 25, 36];
  expect(await cachedRows(context, squares(asked))).toEqual(all);
  expect(progress).toEqual(['squares 0 7', 'squares 2 7', 'squares 4 7', 'squares 6 7', 'squares 7 7']);
  expect(await cachedRows(context, squares(asked))).toEqual(all);
  expect(asked).toEqual([0]);
  expect(await cachedRows(context, squares(asked, { key: { kind: 'others' } }))).toEqual(all);
  expect(asked).toEqual([0, 0]);
  expect(await readdir(join(cacheFolder, 'answers'))).toHaveLength(2);
});

test('a computation that is broken off goes on after its last block', async () => {
  const asked: number[] = [];
  const stop = new AbortController();
  const stopping = {
    cacheFolder,
    signal: stop.signal,
    onProgress: (_label: string, done: number) => {
      if (done === 6) stop.abort(new Error('stopped'));
    },
  };
  await expect(cachedRows(stopping, squares(asked))).rejects.toThrow('stopped');
  // Nothing half-written beside it.
  expect(await readdir(join(cacheFolder, 'answers'))).toEqual([expect.stringMatching(/^[0-9a-f]{16}\.json$/)]);
  expect(await cachedRows({ cacheFolder }, squares(asked))).toEqual([0, 1, 4, 9, 16, 25, 36]);
  expect(asked).toEqual([0, 4]);
});

test('a damaged file is computed anew', async () => {
  const asked: number[] = [];
  await cachedRows({ cacheFolder }, squares(asked));
  const [name = ''] = await readdir(join(cacheFolder, 'answers'));
  for (const damage of ['[0, 1', '[0, "one"]', '{}']) {
    await writeFile(join(cacheFolder, 'answers', name), damage);
    expect(await cachedRows({ cacheFolder }, squares(asked))).toHaveLength(7);
  }
  expect(asked).toEqual([0, 0, 0, 0]);
});

test('too few rows are a bug of the caller', async () => {
  const few = squares([], { compute: async function* () {} });
  await expect(cachedRows({ cacheFolder }, few)).rejects.toThrow('squares: compute gave 0 rows, expected 7');
});
