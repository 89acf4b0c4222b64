/** Opens the data that a command is given by `--data`: a folder with a folder per class, or `cifar10`. */

import {
  type Dataset,
  type DatasetOptions,
  joinDatasets,
  openCifar10,
  openImageFolder,
} from '../lab/datasets/index.ts';
import { cifar10Package } from '../lab/weights/index.ts';
import { fetchWithProgress } from './fetch.ts';
import type { GlobalOptions } from './options.ts';
import { logLine } from './output.ts';

/** Name of the data set that is fetched instead of read from a folder. */
export const cifar10Name = 'cifar10';

/** Collects the values of an option that may be given several times. */
export const collected = (value: string, before?: readonly [string, ...string[]]): readonly [string, ...string[]] =>
  before ? [...before, value] : [value];

/** Opens a data set, or several as one; CIFAR-10 is fetched when it is not in the cache. */
export async function openAllData(
  [first, ...others]: readonly [string, ...string[]],
  options: Pick<GlobalOptions, 'cache' | 'offline'>,
  dataset: DatasetOptions,
  signal?: AbortSignal,
): Promise<Dataset> {
  const datasets: [Dataset, ...Dataset[]] = [await openData(first, options, dataset, signal)];
  for (const data of others) datasets.push(await openData(data, options, dataset, signal));
  return joinDatasets(datasets);
}

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
