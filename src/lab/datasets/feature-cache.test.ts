import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type ExtractedFeatures,
  type FeatureCacheOptions,
  featureCacheBytes,
  openFeatureCache,
} from './feature-cache.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-features-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const count = 10;
const size = { count, mapShapes: { map: [2, 3, 3] }, pooledSize: 4 };

/** Options whose sample i has map values i + j/32 and pooled values -i; `starts` collects where extraction began. */
function options(starts: number[], extra: Pick<FeatureCacheOptions, 'onProgress' | 'signal'> = {}) {
  return {
    folder: join(folder, 'features'),
    ...size,
    ...extra,
    async *extract(first: number): AsyncGenerator<ExtractedFeatures> {
      starts.push(first);
      for (let i = first; i < count; i += 3) {
        const samples = Array.from({ length: Math.min(3, count - i) }, (_, j) => i + j);
        yield {
          maps: { map: Float32Array.from(samples.flatMap((s) => Array.from({ length: 18 }, (_, j) => s + j / 32))) },
          pooled: Float32Array.from(samples.flatMap((s) => [-s, -s, -s, -s])),
        };
      }
    },
  };
}

async function expectWhole(cacheOptions: ReturnType<typeof options>): Promise<void> {
  const { map } = await openFeatureCache(cacheOptions);
  await using cache = map;
  expect(cache.pooled).toEqual(Float32Array.from({ length: 4 * count }, (_, i) => -Math.floor(i / 4)));
  const maps = await cache.readMaps([9, 0, 4, 9]);
  expect(maps.shape).toEqual([4, 2, 3, 3]);
  expect([0, 18, 36, 54].map((at) => maps.data[at])).toEqual([9, 0, 4, 9]);
  expect(maps.data[17]).toBe(9 + 17 / 32);
}

test('is computed once and read in any order', async () => {
  const starts: number[] = [];
  await expectWhole(options(starts));
  await expectWhole(options(starts));
  expect(starts).toEqual([0]);
  const files = await Promise.all(['map.f16', 'pooled.f32'].map((name) => readFile(join(folder, 'features', name))));
  expect(files.reduce((sum, bytes) => sum + bytes.length, 0)).toBe(featureCacheBytes(size));
});

test('goes on after a break, from the last sample that is whole in both files', async () => {
  const starts: number[] = [];
  const stop = new AbortController();
  const broken = options(starts, {
    signal: stop.signal,
    onProgress: (done) => {
      if (done >= 6) stop.abort(new Error('pulled the plug'));
    },
  });
  await expect(openFeatureCache(broken)).rejects.toThrow('pulled the plug');
  // A write that was cut in the middle of a sample, in one of the two files.
  await truncate(join(folder, 'features', 'pooled.f32'), 5 * 16 + 3);
  await expectWhole(options(starts));
  expect(starts).toEqual([0, 5]);
});

test('a file that is too long is cut to size', async () => {
  await expectWhole(options([]));
  const path = join(folder, 'features', 'map.f16');
  await writeFile(path, Buffer.concat([await readFile(path), Buffer.alloc(100)]));
  const starts: number[] = [];
  await expectWhole(options(starts));
  expect(starts).toEqual([]);
  expect((await readFile(path)).length).toBe(count * 36);
});

test('is filled by one at a time: the second is refused and the first comes out whole', async () => {
  const results = await Promise.allSettled([openFeatureCache(options([])), openFeatureCache(options([]))]);
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused.map(({ reason }) => String(reason))).toEqual([
    expect.stringMatching(/process \d+ is filling the features in .*: wait until it is done/),
  ]);
  for (const result of results) if (result.status === 'fulfilled') await result.value.map.close();
  await expectWhole(options([]));
  // Whole, it needs no lock: any number may read it at once.
  await Promise.all(Array.from({ length: 8 }, () => expectWhole(options([]))));
});

test('an extraction that fails leaves the cache closed and reusable', async () => {
  const failing: FeatureCacheOptions = {
    ...options([]),
    // biome-ignore lint/correctness/useYield: it fails before the first batch
    async *extract() {
      throw new Error('a picture cannot be read');
    },
  };
  await expect(openFeatureCache(failing)).rejects.toThrow('a picture cannot be read');
  await expectWhole(options([]));
});
