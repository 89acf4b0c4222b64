/** Step 0: features of the frozen network for the training part, computed once, and the part held back for validation. */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Manifest } from '../../core/model/index.ts';
import { createRandom, pickTensor, shuffled } from '../../core/tensor/index.ts';
import type { Runtime } from '../../runtime/session.ts';
import { type Dataset, type FeatureCache, loadBatches, openFeatureCache, type Sample } from '../datasets/index.ts';
import { createGraph, input, output, serializeGraph } from '../graph/index.ts';
import {
  constantConvolutions,
  type FoldedConvolutions,
  front,
  imageSize,
  pooledFeatures,
  readShape,
  tail,
} from '../networks/index.ts';
import { recipeHash } from './checkpoint.ts';
import type { TrainRecipe } from './recipe.ts';
import { stepSeeds } from './step-context.ts';
import type { TrainingSet } from './training-set.ts';

/** A small training part holds back a larger share, so that an accuracy means something: so many samples, at most so large a share. */
const leastValidation = 200;
const mostValidationShare = 0.2;

/** Samples in a batch of the frozen network. */
const extractionBatchSize = 16;

/** Labels, classes, and the validation part: a seeded share of the training part. */
export function trainingSet(
  dataset: Pick<Dataset, 'train' | 'classes'>,
  features: FeatureCache,
  recipe: TrainRecipe,
): TrainingSet {
  const everySample = dataset.train.map((_, i) => i);
  const order = shuffled(everySample, createRandom(recipe.seed + stepSeeds.validation));
  const labels = Int32Array.from(dataset.train, (sample) => sample.label);
  const validation = heldBack(order, labels, recipe.validationShare);
  const kept = everySample.filter((sample) => !validation.has(sample));
  return {
    features,
    labels,
    classes: dataset.classes.length,
    train: shuffled(kept, createRandom(recipe.seed)),
    validation: everySample.filter((sample) => validation.has(sample)),
  };
}

/** The first samples of an order, a share of them (more of a small part), leaving every class one sample to train on. */
export function heldBack(order: readonly number[], labels: Int32Array, share: number): Set<number> {
  const least = Math.min(leastValidation, Math.round(mostValidationShare * order.length));
  const count = Math.max(1, least, Math.round(share * order.length));
  const left = new Map<number, number>();
  for (const label of labels) left.set(label, (left.get(label) ?? 0) + 1);
  const held = new Set<number>();
  for (const sample of order) {
    if (held.size === count) break;
    const label = labels[sample] as number;
    const ofClass = left.get(label) ?? 0;
    if (ofClass < 2) continue;
    left.set(label, ofClass - 1);
    held.add(sample);
  }
  return held;
}

/** How the data was split, as the manifest records it. */
export function dataSplitOf(dataset: Dataset): Manifest['dataSplit'] {
  return {
    protocol: dataset.protocol,
    seed: dataset.seed,
    hash: dataset.hash,
    ...(dataset.limitPerClass === undefined ? {} : { limitPerClass: dataset.limitPerClass }),
    trainImages: dataset.train.length,
    testImages: dataset.test.length,
  };
}

/** What the features depend on, where to keep them, and how to compute them. */
export interface FeaturesOptions {
  readonly dataset: Dataset;
  /** The backbone's weights. */
  readonly folded: FoldedConvolutions;
  readonly recipe: TrainRecipe;
  /** Runs graphs in the calling thread. */
  readonly runtime: Runtime;
  /** Features and checkpoints go there; they may be deleted between trainings. */
  readonly cacheFolder: string;
  readonly signal?: AbortSignal;
}

/** Features of the training part at the split and behind the tail, from the cache or the frozen network. */
export async function extractFeatures(
  options: FeaturesOptions,
  onProgress?: (done: number, total: number) => void,
): Promise<FeatureCache> {
  const { dataset, folded, recipe, runtime, cacheFolder, signal } = options;
  const { split } = recipe;
  const graph = createGraph('features');
  const image = input(graph, 'image', 'uint8', ['N', imageSize, imageSize, 3]);
  const convolutions = constantConvolutions(graph, folded);
  const map = front(image, split, convolutions, 'read');
  output('map', map);
  output('pooled', tail(map, split, convolutions));
  const key = {
    ...dataSplitOf(dataset),
    pictures: dataset.fingerprint,
    split,
    weights: weightsHash(folded),
    version: 1,
  };
  const { map: cache } = await openFeatureCache({
    folder: join(cacheFolder, 'features', recipeHash(key)),
    count: dataset.train.length,
    mapShapes: { map: readShape(split) },
    pooledSize: pooledFeatures,
    extract: (first) => extractBatches(dataset.train.slice(first)),
    ...(onProgress ? { onProgress } : {}),
    ...(signal ? { signal } : {}),
  });
  return cache;

  async function* extractBatches(samples: readonly Sample[]) {
    await using session = await runtime.createSession(serializeGraph(graph));
    for await (const { images } of loadBatches(samples, extractionBatchSize)) {
      const outputs = await session.run({ image: images });
      const [maps, pooled] = ['map', 'pooled'].map((name) => pickTensor(outputs, name, 'float32').data);
      yield { maps: { map: maps as Float32Array }, pooled: pooled as Float32Array };
    }
  }
}

/** Hash that changes with the backbone's weights: of its first and last convolution. */
export function weightsHash(folded: FoldedConvolutions): string {
  const hash = createHash('sha256');
  for (const name of ['conv1', '5c_branch2c']) hash.update(new Uint8Array(folded(name).weights.data.buffer));
  return hash.digest('hex');
}
