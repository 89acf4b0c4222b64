/**
 * Rows that are computed once for a list of things and kept in one file, `<cache>/answers/<hash of the key>.json`.
 *
 * The twist: the file is replaced whole after every block of rows. A run that is broken off loses one block at most, and a
 * file that is there holds whole rows from the first one on, so its length says where to go on.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { atomicWriteFile } from '../../../files/index.ts';
import { recipeHash } from '../../../training/index.ts';
import type { AnswerContext } from './answer-context.ts';

/** To be raised when the same key would give other rows. */
const cacheVersion = 1;

/** What to compute, and under which key to keep it. */
export interface CachedRowsOptions<Row> {
  /** What it is, for whoever waits. */
  readonly label: string;
  /** Everything that the rows depend on, JSON-able. */
  readonly key: Readonly<Record<string, unknown>>;
  readonly row: z.ZodType<Row>;
  readonly count: number;
  /** Rows from `first` on, in order, some at a time; not called when all are there. */
  readonly compute: (first: number) => AsyncIterable<readonly Row[]>;
  /** Rows between two saves; 64 when left out. */
  readonly blockSize?: number;
  /** Computes all rows, whatever is kept. */
  readonly anew?: boolean;
}

/**
 * Rows from the cache, those that are missing computed.
 *
 * @throws the signal's reason when aborted; what is on disk stays good.
 */
export async function cachedRows<Row>(
  { cacheFolder, onProgress, signal }: Pick<AnswerContext, 'cacheFolder' | 'onProgress' | 'signal'>,
  { label, key, row, count, compute, blockSize = 64, anew = false }: CachedRowsOptions<Row>,
): Promise<readonly Row[]> {
  const path = join(cacheFolder, 'answers', `${recipeHash({ ...key, cacheVersion })}.json`);
  const rows = anew ? [] : await readRows(path, row);
  if (rows.length >= count) return rows;
  onProgress?.(label, rows.length, count);
  let saved = rows.length;
  for await (const computed of compute(saved)) {
    signal?.throwIfAborted();
    rows.push(...computed);
    if (rows.length - saved >= blockSize || rows.length >= count) {
      await atomicWriteFile(path, JSON.stringify(rows));
      saved = rows.length;
    }
    onProgress?.(label, rows.length, count);
  }
  if (rows.length !== count) throw new RangeError(`${label}: compute gave ${rows.length} rows, expected ${count}`);
  return rows;
}

/** The rows of a file; none when there is no file, or a damaged one: it costs its rows, not the experiment. */
async function readRows<Row>(path: string, row: z.ZodType<Row>): Promise<Row[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return [];
  try {
    return z.array(row).parse(JSON.parse(text));
  } catch {
    return [];
  }
}
