/**
 * A finished package folder: its files and a marker that says what they are.
 *
 * The marker holds the sha256 of each file. A use checks presence and sizes (cheap); hashes are computed at the fetch
 * and by {@link verifyPackageFolder}. The folder appears by one rename, so it is whole or it is not there.
 */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { DataPackage } from './packages.ts';

/** Name of the marker file in a finished folder. */
const packageMarkerName = 'aecnn-package.json';

const markerSchema = z.object({
  name: z.string(),
  version: z.string(),
  integrity: z.string(),
  files: z.record(z.string(), z.object({ bytes: z.number().int().nonnegative(), sha256: z.string().length(64) })),
});

/** What the marker file says. */
export type PackageMarker = z.infer<typeof markerSchema>;

/** Folder of one package in the cache. */
export function packageFolder(cacheFolder: string, data: DataPackage): string {
  return join(cacheFolder, 'packages', `${data.name}-${data.version}`);
}

/** Hashes every file of the package in `folder` and writes the marker beside them. */
export async function writePackageMarker(folder: string, data: DataPackage): Promise<void> {
  const files: PackageMarker['files'] = {};
  for (const path of data.files) {
    const { size } = await stat(join(folder, path));
    files[path] = { bytes: size, sha256: await fileSha256(join(folder, path)) };
  }
  const marker: PackageMarker = { name: data.name, version: data.version, integrity: data.integrity, files };
  await writeFile(join(folder, packageMarkerName), `${JSON.stringify(marker, null, 2)}\n`);
}

/** Whether `folder` holds the whole package, by its marker and the sizes of its files. Reads no file's content. */
export async function isPackageFolder(folder: string, data: DataPackage): Promise<boolean> {
  const marker = await readMarker(folder);
  if (marker === undefined || marker.integrity !== data.integrity) return false;
  for (const path of data.files) {
    const recorded = marker.files[path];
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (recorded === undefined || found === undefined || !found.isFile() || found.size !== recorded.bytes) return false;
  }
  return true;
}

/** Paths of the files whose sha256 is not the marker's; empty when the folder is sound. */
export async function verifyPackageFolder(folder: string, data: DataPackage): Promise<string[]> {
  const marker = await readMarker(folder);
  const damaged: string[] = [];
  for (const path of data.files) {
    const hash = await fileSha256(join(folder, path)).catch(() => undefined);
    if (hash === undefined || hash !== marker?.files[path]?.sha256) damaged.push(path);
  }
  return damaged;
}

async function readMarker(folder: string): Promise<PackageMarker | undefined> {
  try {
    return markerSchema.parse(JSON.parse(await readFile(join(folder, packageMarkerName), 'utf8')));
  } catch {
    return undefined;
  }
}

async function fileSha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
