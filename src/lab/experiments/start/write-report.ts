/** Writes what a run found into a folder: `result.json` with all numbers, `report.html` to read. */

import { join } from 'node:path';
import { decodePicture, encodePicture, resizePicture } from '../../../runtime/picture.ts';
import { atomicWriteFile } from '../../files/index.ts';
import { renderReport } from './report.ts';
import type { Sample } from './samples.ts';
import type { StartResult } from './start-result.ts';

/** Height and width of the pictures in the report. */
const thumbnailSize = 160;

/** Paths of the files that were written. */
export interface WrittenReport {
  readonly report: string;
  readonly result: string;
}

/**
 * Writes both files; each is whole or not there.
 *
 * @param samples - The pictures of the result, for the thumbnails.
 */
export async function writeReport(
  folder: string,
  result: StartResult,
  samples: readonly Pick<Sample, 'name' | 'path'>[],
): Promise<WrittenReport> {
  const thumbnails = new Map<string, string>();
  for (const { name, path } of samples) thumbnails.set(name, await thumbnail(path));
  const paths = { report: join(folder, 'report.html'), result: join(folder, 'result.json') };
  await atomicWriteFile(paths.result, `${JSON.stringify(result, null, 2)}\n`);
  await atomicWriteFile(paths.report, await renderReport(result, thumbnails));
  return paths;
}

async function thumbnail(path: string): Promise<string> {
  const small = await resizePicture(await decodePicture(path), thumbnailSize, thumbnailSize);
  const bytes = await encodePicture(small, { format: 'jpeg', quality: 70 });
  return `data:image/jpeg;base64,${Buffer.from(bytes).toString('base64')}`;
}
