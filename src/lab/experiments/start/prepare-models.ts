/**
 * What device and edge load: the split model, and the uncompressed network in three graphs for the baselines.
 *
 * They are put together once from trained tensors and the backbone's weights and kept in the cache folder. The twist: the
 * key of that folder covers the code that builds the graphs as well, so that a changed network never meets old files.
 */

import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelError } from '../../../core/errors.ts';
import { type Manifest, parseManifest } from '../../../core/model/index.ts';
import { parseTrainedModel, type TrainedModel, trainedFileName, writeModel } from '../../build/index.ts';
import { atomicFolder } from '../../files/index.ts';
import { serializeGraph } from '../../graph/index.ts';
import { foldBatchNorms } from '../../networks/index.ts';
import { readResnet50, resnet50Package } from '../../weights/index.ts';
import { featureMapGraph, networkGraph, tailGraph } from './baseline-graphs.ts';

/** Files of the experiment, ready to be loaded. */
export interface PreparedModels {
  /** Folder of the split model. */
  readonly splitFolder: string;
  /** `image` to `logits`. */
  readonly networkGraph: string;
  /** `image` to the whole `feature_map`. */
  readonly featureMapGraph: string;
  /** The whole `feature_map` to `logits`. */
  readonly tailGraph: string;
}

/** Options of {@link prepareModels}. */
export interface PrepareModelsOptions {
  /** Trained tensors, as a file or as the folder of a split model that holds them. */
  readonly model: string;
  readonly cacheFolder: string;
  /** Gives the folder of the fetched ResNet-50 package; asked only when there is something to build. */
  readonly weightsFolder: () => Promise<string>;
  /** Told that building begins. */
  readonly onBuild?: () => void;
}

/** Name of the file in the folder that holds its key. */
const keyFileName = 'key.txt';

/** Names the files of a folder that {@link prepareModels} fills. */
function preparedModelsIn(folder: string): PreparedModels {
  return {
    splitFolder: join(folder, 'split'),
    networkGraph: join(folder, 'network.onnx'),
    featureMapGraph: join(folder, 'feature-map.onnx'),
    tailGraph: join(folder, 'tail.onnx'),
  };
}

/**
 * Makes sure that the cache holds the models made from some trained tensors, and says where.
 *
 * @throws {@link ModelError} when the trained tensors are missing or damaged; {@link EnvironmentError} what
 * `weightsFolder` throws.
 */
export async function prepareModels(options: PrepareModelsOptions): Promise<PreparedModels> {
  const bytes = await readTrainedTensors(options.model);
  const trained = parseTrainedModel(bytes);
  const key = await keyOf(bytes);
  const folder = join(options.cacheFolder, 'start', trained.notes.name.replaceAll(/[^\w.-]/g, '_'));
  if (!(await isPrepared(folder, key))) {
    const weightsFolder = await options.weightsFolder();
    options.onBuild?.();
    await atomicFolder(folder, (into) => build(into, trained, weightsFolder, key));
  }
  return preparedModelsIn(folder);
}

async function readTrainedTensors(model: string): Promise<Uint8Array> {
  const found = await stat(model).catch(() => undefined);
  const path = found?.isDirectory() ? join(model, trainedFileName) : model;
  return readFile(path).catch((cause: unknown) => {
    throw new ModelError(
      `there are no trained tensors at ${path}: give --model a ${trainedFileName} or the folder that "aecnn train" wrote`,
      { cause },
    );
  });
}

async function build(into: string, trained: TrainedModel, weightsFolder: string, key: string): Promise<void> {
  const folded = foldBatchNorms(await readResnet50(weightsFolder));
  const paths = preparedModelsIn(into);
  await writeModel(paths.splitFolder, trained, folded);
  await writeFile(paths.networkGraph, serializeGraph(networkGraph(trained, folded)));
  await writeFile(paths.featureMapGraph, serializeGraph(featureMapGraph(trained, folded)));
  await writeFile(paths.tailGraph, serializeGraph(tailGraph(trained, folded)));
  await writeFile(join(into, keyFileName), key);
}

async function isPrepared(folder: string, key: string): Promise<boolean> {
  const found = await readFile(join(folder, keyFileName), 'utf8').catch(() => undefined);
  return found === key;
}

/** Hash of all that the built files follow from: trained tensors, weights and the code that puts them together. */
async function keyOf(trained: Uint8Array): Promise<string> {
  const hash = createHash('sha256').update(trained).update(resnet50Package.integrity);
  for (const folder of ['../../build/', '../../graph/', '../../networks/', './']) {
    const url = new URL(folder, import.meta.url);
    const modules = (await readdir(url)).filter((name) => /(?<!\.test|\.d)\.[jt]s$/.test(name)).sort();
    for (const name of modules) hash.update(await readFile(new URL(name, url)));
  }
  return hash.digest('hex');
}

/** Reads the manifest of a split model in a folder. */
export async function readManifest(folder: string): Promise<Manifest> {
  return parseManifest(await readFile(join(folder, 'manifest.json'), 'utf8'));
}
