/**
 * Features of a frozen network on disk: computed once for a list of samples, read many times in any order.
 *
 * A cache is a folder with one flat file a feature: `<name>.f16` for each kind of map (binary16, `[count, C, H, W]`) and
 * `pooled.f32` (`[count, F]`), filled from the first sample to the last, so that how far it came can be read off its size.
 * One pass of the network can fill the maps of several split points.
 */

import { type FileHandle, open, readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvironmentError } from '../../core/errors.ts';
import { elementCount, fromFloat16, type Shape, type Tensor, tensor, toFloat16 } from '../../core/tensor/index.ts';
import { lockFolder, makeFolder } from '../files/index.ts';

/** What a frozen network makes of a batch of pictures. */
export interface ExtractedFeatures {
  /** `float32[n, C, H, W]` by the name of the map. */
  readonly maps: Readonly<Record<string, Float32Array>>;
  /** `float32[n, F]`. */
  readonly pooled: Float32Array;
}

/** One kind of map of a finished cache, open for reading. */
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
  /** `[C, H, W]` of each kind of map, by a name that becomes a file's. */
  readonly mapShapes: Readonly<Record<string, Shape>>;
  readonly pooledSize: number;
  /** Features from sample `first` on, batch by batch, in order. */
  readonly extract: (first: number) => AsyncIterable<ExtractedFeatures>;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Bytes on disk that a cache takes. */
export function featureCacheBytes(options: Pick<FeatureCacheOptions, 'count' | 'mapShapes' | 'pooledSize'>): number {
  return options.count * filesOf(options).reduce((sum, { bytesPerSample }) => sum + bytesPerSample, 0);
}

const bytesOf = (data: Uint16Array | Float32Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/**
 * Opens a cache, computing what is missing. A broken-off cache goes on where it stopped.
 *
 * @returns Each kind of map by its name; each is to be closed.
 * @throws the signal's reason when aborted; what is on disk stays good. {@link EnvironmentError} when someone else fills the
 *   cache at this moment, or the disk has no room for it.
 */
export async function openFeatureCache<Name extends string>(
  options: FeatureCacheOptions & { readonly mapShapes: Readonly<Record<Name, Shape>> },
): Promise<Record<Name, FeatureCache>> {
  const { folder, count, mapShapes, pooledSize } = options;
  await makeFolder(folder);
  if (!(await isWhole(options))) await fill(options);
  const pooled = new Float32Array(count * pooledSize);
  bytesOf(pooled).set(await readFile(join(folder, pooledName)));
  const names = Object.keys(mapShapes) as Name[];
  const caches = names.map(async (name): Promise<[Name, FeatureCache]> => {
    const maps = await open(join(folder, mapName(name)));
    const close = (): Promise<void> => maps.close();
    const mapShape = mapShapes[name];
    return [
      name,
      {
        count,
        mapShape,
        pooled,
        readMaps: (indices) => readMaps(maps, mapShape, indices),
        close,
        [Symbol.asyncDispose]: close,
      },
    ];
  });
  return Object.fromEntries(await Promise.all(caches)) as Record<Name, FeatureCache>;
}

const pooledName = 'pooled.f32';
const mapName = (name: string): string => `${name}.f16`;

/** A file of a cache. */
interface FeatureFile {
  readonly name: string;
  readonly bytesPerSample: number;
  readonly dataOf: (features: ExtractedFeatures) => Uint8Array;
}

/** The files of a cache, in the order in which a batch is appended to them. */
function filesOf({ mapShapes, pooledSize }: Pick<FeatureCacheOptions, 'mapShapes' | 'pooledSize'>): FeatureFile[] {
  const maps = Object.entries(mapShapes).map(([name, shape]) => ({
    name: mapName(name),
    bytesPerSample: 2 * elementCount(shape),
    dataOf: ({ maps }: ExtractedFeatures) => bytesOf(toFloat16(maps[name] as Float32Array)),
  }));
  const pooled = {
    name: pooledName,
    bytesPerSample: 4 * pooledSize,
    dataOf: (f: ExtractedFeatures) => bytesOf(f.pooled),
  };
  return [...maps, pooled];
}

/** Whether the files have just the bytes of all samples: the last one grows last. */
async function isWhole(options: FeatureCacheOptions): Promise<boolean> {
  const whole = filesOf(options).map(async ({ name, bytesPerSample }) => {
    const found = await stat(join(options.folder, name)).catch(() => undefined);
    return found?.size === options.count * bytesPerSample;
  });
  return (await Promise.all(whole)).every(Boolean);
}

/** A file that is being filled. */
type OpenFeatureFile = FeatureFile & { readonly handle: FileHandle };

/** Appends what is missing to the files, after cutting them to the samples that are whole in all of them. */
async function fill(options: FeatureCacheOptions): Promise<void> {
  // Before the sizes are read: a file that another process appends to must not be cut.
  await using _lock = await lockFolder(options.folder, 'filling the features');
  const files: OpenFeatureFile[] = [];
  try {
    for (const file of filesOf(options)) {
      files.push({ ...file, handle: await open(join(options.folder, file.name), 'a+') });
    }
    await appendMissing(files, options);
  } finally {
    await Promise.all(files.map(({ handle }) => handle.close()));
  }
}

async function appendMissing(files: readonly OpenFeatureFile[], options: FeatureCacheOptions): Promise<void> {
  const { folder, count, pooledSize, extract, onProgress, signal } = options;
  const sizes = await Promise.all(files.map(async ({ handle }) => (await handle.stat()).size));
  let first = Math.min(count, ...files.map(({ bytesPerSample }, i) => Math.floor((sizes[i] ?? 0) / bytesPerSample)));
  await Promise.all(files.map(({ handle, bytesPerSample }) => handle.truncate(first * bytesPerSample)));
  onProgress?.(first, count);
  if (first === count) return;
  const sampleBytes = files.reduce((sum, { bytesPerSample }) => sum + bytesPerSample, 0);
  await checkDiskSpace(folder, (count - first) * sampleBytes);
  for await (const features of extract(first)) {
    signal?.throwIfAborted();
    for (const { handle, dataOf } of files) await handle.appendFile(dataOf(features));
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

async function readExactly(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done);
    if (bytesRead === 0) throw new EnvironmentError('a file of features has become shorter: run the command again');
    done += bytesRead;
  }
}

async function readMaps(maps: FileHandle, mapShape: Shape, indices: readonly number[]): Promise<Tensor<'float32'>> {
  const elements = elementCount(mapShape);
  const bits = new Uint16Array(indices.length * elements);
  const bytes = bytesOf(bits);
  for (const [i, index] of indices.entries()) {
    await readExactly(maps, bytes.subarray(i * 2 * elements, (i + 1) * 2 * elements), index * 2 * elements);
  }
  return tensor('float32', [indices.length, ...mapShape], fromFloat16(bits));
}
