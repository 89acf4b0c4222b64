/**
 * Features of a frozen network on disk: computed once for a list of samples, read many times in any order.
 *
 * A cache is a folder with one flat file a feature: `map.f16` (binary16, `[count, C, H, W]`) and `pooled.f32`
 * (`[count, F]`), filled from the first sample to the last, so that how far it came can be read off its size.
 */

import { type FileHandle, open, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvironmentError } from '../../core/errors.ts';
import { elementCount, fromFloat16, type Shape, type Tensor, tensor, toFloat16 } from '../../core/tensor/index.ts';
import { makeFolder } from '../files/index.ts';

/** What a frozen network makes of a batch of pictures. */
export interface ExtractedFeatures {
  /** `float32[n, C, H, W]`. */
  readonly map: Float32Array;
  /** `float32[n, F]`. */
  readonly pooled: Float32Array;
}

/** A finished cache, open for reading. */
export interface FeatureCache extends AsyncDisposable {
  readonly count: number;
  /** `[C, H, W]`. */
  readonly mapShape: Shape;
  /** All pooled features, `float32[count, F]`. */
  readonly pooled: Float32Array;
  /** Reads the maps of some samples: `float32[indices.length, C, H, W]`. */
  readMaps(indices: readonly number[]): Promise<Tensor<'float32'>>;
  close(): Promise<void>;
}

/** What to compute, and where to keep it. */
export interface FeatureCacheOptions {
  /** Folder of this cache alone; its name should hold a hash of everything that the features depend on. */
  readonly folder: string;
  readonly count: number;
  readonly mapShape: Shape;
  readonly pooledSize: number;
  /** Features from sample `first` on, batch by batch, in order. */
  readonly extract: (first: number) => AsyncIterable<ExtractedFeatures>;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Bytes on disk that a cache takes. */
export function featureCacheBytes({
  count,
  mapShape,
  pooledSize,
}: Pick<FeatureCacheOptions, 'count' | 'mapShape' | 'pooledSize'>): number {
  return count * (2 * elementCount(mapShape) + 4 * pooledSize);
}

const bytesOf = (data: Uint16Array | Float32Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/**
 * Opens a cache, computing what is missing. A broken-off cache goes on where it stopped.
 *
 * @throws the signal's reason when aborted; what is on disk stays good.
 */
export async function openFeatureCache(options: FeatureCacheOptions): Promise<FeatureCache> {
  const { folder, count, mapShape, pooledSize } = options;
  await makeFolder(folder);
  const mapBytes = 2 * elementCount(mapShape);
  const pooledBytes = 4 * pooledSize;
  const maps = await open(join(folder, 'map.f16'), 'a+');
  const pooled = await open(join(folder, 'pooled.f32'), 'a+');
  const close = async (): Promise<void> => {
    await Promise.all([maps.close(), pooled.close()]);
  };
  try {
    const sizes = await Promise.all([maps.stat(), pooled.stat()]);
    const done = Math.min(count, Math.floor(sizes[0].size / mapBytes), Math.floor(sizes[1].size / pooledBytes));
    await Promise.all([maps.truncate(done * mapBytes), pooled.truncate(done * pooledBytes)]);
    await checkDiskSpace(folder, (count - done) * (mapBytes + pooledBytes));
    await fill(maps, pooled, done, options);
    const all = new Float32Array(count * pooledSize);
    await pooled.read(bytesOf(all), 0, all.byteLength, 0);
    return {
      count,
      mapShape,
      pooled: all,
      readMaps: (indices) => readMaps(maps, mapShape, indices),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function fill(maps: FileHandle, pooled: FileHandle, done: number, options: FeatureCacheOptions): Promise<void> {
  const { count, pooledSize, extract, onProgress, signal } = options;
  let first = done;
  onProgress?.(first, count);
  if (first === count) return;
  await using _lock = await lockFolder(options.folder);
  for await (const features of extract(first)) {
    signal?.throwIfAborted();
    await maps.appendFile(bytesOf(toFloat16(features.map)));
    await pooled.appendFile(bytesOf(features.pooled));
    first += features.pooled.length / pooledSize;
    onProgress?.(first, count);
  }
}

/** @throws {@link EnvironmentError} when the disk of a folder has no room for so many more bytes. */
async function checkDiskSpace(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
  if (bavail * bsize >= neededBytes) return;
  throw new EnvironmentError(
    `the features need ${megabytes(neededBytes)} more in ${folder}, which has ${megabytes(bavail * bsize)} free: ` +
      'give another folder by --cache, or fewer pictures by --limit-per-class',
  );
}

/**
 * Keeps other processes from filling the same cache; the lock of a process that is gone is taken over.
 *
 * @throws {@link EnvironmentError} when another process fills it.
 */
async function lockFolder(folder: string): Promise<AsyncDisposable> {
  const path = join(folder, 'filling.lock');
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' });
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const owner = Number(await readFile(path, 'utf8').catch(() => '0'));
      if (owner !== process.pid && isRunning(owner)) {
        throw new EnvironmentError(
          `another training (process ${owner}) is filling the features in ${folder}: wait for it, or give another --cache`,
        );
      }
      await rm(path, { force: true });
    }
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

async function readMaps(maps: FileHandle, mapShape: Shape, indices: readonly number[]): Promise<Tensor<'float32'>> {
  const elements = elementCount(mapShape);
  const bits = new Uint16Array(indices.length * elements);
  const bytes = bytesOf(bits);
  for (const [i, index] of indices.entries()) {
    await maps.read(bytes, i * 2 * elements, 2 * elements, index * 2 * elements);
  }
  return tensor('float32', [indices.length, ...mapShape], fromFloat16(bits));
}
