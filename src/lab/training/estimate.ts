/** What a training will take, from the arithmetic of the network: a guide before it starts. */

import { availableParallelism } from 'node:os';
import { featureCacheBytes } from '../datasets/index.ts';
import { pooledFeatures, readShape } from '../networks/index.ts';
import type { TrainRecipe } from './recipe.ts';

/** Estimated disk space and time. */
export interface TrainEstimate {
  readonly images: number;
  /** Features of the frozen network, in the cache folder. */
  readonly cacheBytes: number;
  /** The model's own folder. */
  readonly modelBytes: number;
  readonly seconds: number;
  readonly threads: number;
}

/** 23.5 million weights of ResNet-50 without its classifier, at 4 bytes; what is trained adds a few percent. */
const backboneBytes = 94e6;

/** Multiply-accumulates of one picture: the whole network, and the stages after each split point (He et al., table 1). */
const wholeMacs = 3.86e9;
const tailMacs = { conv2_x: 3.07e9, conv3_x: 2.12e9, conv4_x: 0.74e9, conv5_x: 0.01e9 } as const;

/** Multiply-accumulates a second and thread: an x86-64 core of 2021 with AVX2, measured on this network. */
const macsPerSecondAndThread = 2.3e10;

/** Estimates a training on so many pictures. */
export function estimateTraining(recipe: TrainRecipe, images: number, threads = availableParallelism()): TrainEstimate {
  const { epochs, split } = recipe;
  const tailPasses = epochs.attention + epochs.task;
  const fineTuned =
    (recipe.fineTuneTail ? epochs.fineTune : 0) + (recipe.teacher === 'fine-tuned' ? epochs.fineTune : 0);
  // A pass backward through a frozen tail costs about as much as a pass forward; the compressor itself about 0.2 GMAC.
  // A trained last stage costs about three passes forward of the tail, whatever lies before it.
  const macs =
    wholeMacs +
    fineTuned * 3 * tailMacs[split] +
    tailPasses * (2 * tailMacs[split] + 2e8) +
    epochs.reconstruction * 3e8;
  return {
    images,
    cacheBytes: featureCacheBytes({ count: images, mapShapes: { map: readShape(split) }, pooledSize: pooledFeatures }),
    modelBytes: backboneBytes,
    seconds: (images * macs) / (macsPerSecondAndThread * threads),
    threads,
  };
}
