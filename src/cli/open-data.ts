/** Opens the data that a command is given by `--data`: a folder with a folder per class, or `cifar10`. */

import { type Dataset, type DatasetOptions, openCifar10, openImageFolder } from '../lab/datasets/index.ts';
import { cifar10Package } from '../lab/weights/index.ts';
import { fetchWithProgress } from './fetch.ts';
import type { GlobalOptions } from './options.ts';
import { logLine } from './output.ts';

/** Name of the data set that is fetched instead of read from a folder. */
export const cifar10Name = 'cifar10';

/** Opens a data set; CIFAR-10 is fetched when it is not in the cache. */
export async function openData(
  data: string,
  options: Pick<GlobalOptions, 'cache' | 'offline'>,
  dataset: DatasetOptions,
  signal?: AbortSignal,
): Promise<Dataset> {
  if (data === cifar10Name) {
    const { folder } = await fetchWithProgress(cifar10Package, options, signal);
    return openCifar10(folder, dataset);
  }
  return openImageFolder(data, { ...dataset, onSkip: (reason) => logLine(reason) });
}
