/** The split models of the link experiment: trained once for each split point and kept in the cache, or given. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatasetError, ModelError } from '../../../../core/errors.ts';
import { type ModelSource, readSplitModel, type SplitModel, type SplitPoint } from '../../../../core/model/index.ts';
import type { Runtime } from '../../../../runtime/session.ts';
import { compressorShapeOf, parseTrainedModel, trainedFileName, writeModel } from '../../../build/index.ts';
import type { Dataset } from '../../../datasets/index.ts';
import type { FoldedConvolutions } from '../../../networks/index.ts';
import { recipeHash, train } from '../../../training/index.ts';
import { deviceMacs } from '../../paper/aecnn/device-macs.ts';
import { linkRecipe } from './link-recipe.ts';

/** A split model and what its device computes. */
export interface LinkModelFiles {
  readonly model: SplitModel;
  /** Multiply-accumulates of the device for one picture, in thousands of millions. */
  readonly deviceGmac: number;
}

/** What models are trained with. */
export interface LinkTraining {
  readonly dataset: Dataset;
  readonly folded: FoldedConvolutions;
  /** Where weights and pictures came from, for the manifests. */
  readonly sources: readonly ModelSource[];
  readonly runtime: Runtime;
  readonly threads: number;
  readonly cacheFolder: string;
  readonly onProgress?: (label: string, done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Hash of all that a trained model of the experiment depends on. */
export const linkModelKey = (
  split: SplitPoint,
  { dataset, threads }: Pick<LinkTraining, 'dataset' | 'threads'>,
): string => {
  const { hash, fingerprint, seed, limitPerClass } = dataset;
  return recipeHash({ recipe: linkRecipe(split), hash, fingerprint, seed, limitPerClass, threads });
};

/**
 * Trains the model of a split point where the cache has none of this recipe and data, and returns its folder. A training that
 * was broken off goes on where it was.
 *
 * @throws the signal's reason when aborted; what was computed is kept.
 */
export async function trainLinkModel(split: SplitPoint, training: LinkTraining): Promise<string> {
  const { cacheFolder, folded, onProgress, signal, ...others } = training;
  const folder = join(cacheFolder, 'link-models', `${split}-${linkModelKey(split, training)}`);
  const found = await readFile(join(folder, 'manifest.json')).catch(() => undefined);
  if (found !== undefined) return folder;
  const trained = await train({
    ...others,
    name: `link-${split.replace('_', '')}`,
    recipe: linkRecipe(split),
    folded,
    cacheFolder,
    ...(onProgress && { onProgress: (step, done, total) => onProgress(`${split}: ${step}`, done, total) }),
    ...(signal && { signal }),
  });
  await writeModel(folder, trained, folded);
  return folder;
}

/** Reads the split model of a folder. @throws {@link ModelError} when there is none. */
export const readLinkModel = (folder: string): Promise<SplitModel> =>
  readSplitModel((name) => readFile(join(folder, name)));

/**
 * Reads a split model with its device's work, and makes sure that it fits the experiment.
 *
 * @throws {@link ModelError} when a file is missing or damaged, or the model is split elsewhere.
 * @throws {@link DatasetError} when it was trained on another data set: it may have seen the test pictures.
 */
export async function openLinkModel(
  folder: string,
  split: SplitPoint,
  { dataset, folded }: Pick<LinkTraining, 'dataset' | 'folded'>,
): Promise<LinkModelFiles> {
  const model = await readLinkModel(folder);
  const { name, dataSplit, classes, split: found } = model.manifest;
  if (found !== split)
    throw new ModelError(`the model in ${folder} is split after ${found}: expected one after ${split}`);
  if (dataSplit.hash !== dataset.hash || classes.join('\n') !== dataset.classes.join('\n')) {
    throw new DatasetError(
      `the model "${name}" in ${folder} was trained on another data set than ${dataset.name}, so it cannot be told which of ` +
        'its pictures it has seen: give the data set that it was trained on',
    );
  }
  const { notes, tensors } = parseTrainedModel(await readFile(join(folder, trainedFileName)));
  return { model, deviceGmac: deviceMacs(split, folded, compressorShapeOf(notes), tensors) / 1e9 };
}
