/**
 * A split model over HTTP, kept in the browser: the device's files are fetched once and checked against their hashes whenever
 * they are read.
 *
 * The twist: a kept file is known by its hash, so that a model that was built anew is never mixed with what was kept of the
 * old one, and one that was damaged where it is kept is fetched again.
 */

import { ModelError } from '../../core/errors.ts';
import {
  type DevicePrecision,
  fileDigest,
  parseManifest,
  readSplitModel,
  type SplitModel,
  sha256Hex,
} from '../../core/model/index.ts';

/** How far a download is. */
export interface DownloadProgress {
  readonly file: string;
  readonly loadedBytes: number;
  /** As the server says; `undefined` when it does not. */
  readonly totalBytes: number | undefined;
}

/** Options of {@link fetchSplitModel}. */
export interface FetchModelOptions {
  /** Told of each piece that arrives over the network. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
  /** A smaller device graph, see `aecnn compact`; the full one when left out. */
  readonly device?: DevicePrecision;
}

const cacheName = 'aecnn-models';

/**
 * Opens a split model whose files lie below an address; the graphs are fetched when they are needed.
 *
 * @param url - Of the folder with `manifest.json`, e.g. `https://example.org/models/birds/`.
 * @throws {@link ModelError} when a file is missing or damaged.
 */
export async function fetchSplitModel(url: string, options: FetchModelOptions = {}): Promise<SplitModel> {
  const base = new URL(url.endsWith('/') ? url : `${url}/`, globalThis.location?.href);
  const manifestBytes = await download(new URL('manifest.json', base), 'manifest.json', options);
  const manifest = parseManifest(new TextDecoder().decode(manifestBytes));
  const { device } = options;
  return readSplitModel(
    async (name) => {
      if (name === 'manifest.json') return manifestBytes;
      const { sha256 } = fileDigest(manifest, name);
      const address = new URL(`${name}?sha256=${sha256}`, base);
      return kept(address, sha256, () => download(address, name, options));
    },
    device === undefined ? {} : { device },
  );
}

/** A file from where it is kept, or else fetched and kept. */
async function kept(key: URL, sha256: string, fetched: () => Promise<Uint8Array>): Promise<Uint8Array> {
  // A page that is not secure has no place for it, and one without room or leave keeps nothing: the next visit downloads again.
  const storage: CacheStorage | undefined = globalThis.caches;
  const cache = await storage?.open(cacheName).catch(() => undefined);
  const known = await cache?.match(key).catch(() => undefined);
  if (known !== undefined) {
    const bytes = new Uint8Array(await known.arrayBuffer());
    if ((await sha256Hex(bytes)) === sha256) return bytes;
  }
  const bytes = await fetched();
  if (cache === undefined || (await sha256Hex(bytes)) !== sha256) return bytes;
  const keep = async (): Promise<void> => {
    // In the place of an older build's.
    for (const { url } of await cache.keys()) {
      if (new URL(url).pathname === key.pathname) await cache.delete(url);
    }
    await cache.put(key, new Response(bytes.slice()));
  };
  await keep().catch(() => undefined);
  return bytes;
}

async function download(address: URL, name: string, { onProgress, signal }: FetchModelOptions): Promise<Uint8Array> {
  const response = await fetch(address, signal === undefined ? {} : { signal }).catch((cause: unknown) => {
    if (signal?.aborted) throw cause;
    throw new ModelError(`${address.href} cannot be reached: is the edge, or what serves the model, there?`, { cause });
  });
  if (!response.ok || response.body === null) {
    throw new ModelError(`${address.href} answered ${response.status}: there is no ${name} of a split model`);
  }
  const length = Number(response.headers.get('content-length'));
  // What was compressed on the way is longer than it says.
  const totalBytes = length > 0 && !response.headers.has('content-encoding') ? length : undefined;
  const pieces: Uint8Array[] = [];
  let loadedBytes = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    loadedBytes += value.length;
    onProgress?.({ file: name, loadedBytes, totalBytes });
  }
  return new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
}
