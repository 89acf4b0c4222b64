/** Features of all split points for both parts of the data, from one pass of the frozen network each, kept on disk. */

import { join } from 'node:path';
import type { SplitPoint } from '../../../core/model/index.ts';
import { pickTensor, type Shape } from '../../../core/tensor/index.ts';
import type { Runtime } from '../../../runtime/session.ts';
import { type Dataset, type FeatureCache, loadBatches, openFeatureCache, type Sample } from '../../datasets/index.ts';
import { createGraph, input, output, serializeGraph } from '../../graph/index.ts';
import {
  constantConvolutions,
  type FoldedConvolutions,
  imageSize,
  pooledFeatures,
  readMaps,
  readShape,
} from '../../networks/index.ts';
import { recipeHash, weightsHash } from '../../training/index.ts';

/** Part of a data set. */
export type Part = 'train' | 'test';

/** Samples in a batch of the frozen network. */
const extractionBatchSize = 16;

/** What to compute features of, and where to keep them. */
export interface PaperFeaturesOptions {
  readonly dataset: Dataset;
  readonly folded: FoldedConvolutions;
  readonly runtime: Runtime;
  readonly cacheFolder: string;
  /** Split points to keep. */
  readonly splits: readonly SplitPoint[];
  readonly onProgress?: (label: string, done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Feature maps by split point, `[C, H, W]` of `readShape`; their `pooled` is that of the whole network. */
export type SplitFeatures = Readonly<Record<SplitPoint, FeatureCache>>;

/** Features of one part of a data set; computed when they are not in the cache. Close each when done. */
export function openPaperFeatures(options: PaperFeaturesOptions, part: Part, what = ''): Promise<SplitFeatures> {
  const { dataset, folded, runtime, cacheFolder, splits, signal } = options;
  const samples = dataset[part];
  const key = {
    ids: samples.map(({ id }) => id),
    pictures: dataset.fingerprint,
    splits,
    weights: weightsHash(folded),
    version: 1,
  };
  const shapes = splits.map((split): [SplitPoint, Shape] => [split, readShape(split)]);
  return openFeatureCache({
    folder: join(cacheFolder, 'features', recipeHash(key)),
    count: samples.length,
    mapShapes: Object.fromEntries(shapes) as Record<SplitPoint, Shape>,
    pooledSize: pooledFeatures,
    extract: (first) => extractBatches(samples.slice(first)),
    onProgress: (done, total) => options.onProgress?.(`features of the ${part} part ${what}`.trim(), done, total),
    ...(signal ? { signal } : {}),
  });

  async function* extractBatches(left: readonly Sample[]) {
    const graph = createGraph('features');
    const image = input(graph, 'image', 'uint8', ['N', imageSize, imageSize, 3]);
    const { maps, pooled } = readMaps(image, constantConvolutions(graph, folded));
    for (const split of splits) output(split, maps[split]);
    output('pooled', pooled);
    await using session = await runtime.createSession(serializeGraph(graph));
    for await (const { images } of loadBatches(left, extractionBatchSize)) {
      const outputs = await session.run({ image: images });
      const dataOf = (name: string): Float32Array => pickTensor(outputs, name, 'float32').data;
      yield {
        maps: Object.fromEntries(splits.map((split) => [split, dataOf(split)])),
        pooled: dataOf('pooled'),
      };
    }
  }
}
