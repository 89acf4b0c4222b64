/** Features of pictures that went through a codec, for a tail that is adapted to them. */

import { join } from 'node:path';
import { pickTensor } from '../../../../core/tensor/index.ts';
import { type FeatureCache, loadBatches, openFeatureCache } from '../../../datasets/index.ts';
import { createGraph, input, output, serializeGraph } from '../../../graph/index.ts';
import { constantConvolutions, front, imageSize, pooledFeatures, readShape, tail } from '../../../networks/index.ts';
import { recipeHash, weightsHash } from '../../../training/index.ts';
import type { PaperContext } from '../paper-context.ts';
import type { Part } from '../paper-features.ts';
import { codecName, compressedSamples, encoderSettings, type PictureCodec } from './picture-codecs.ts';

/** Samples in a batch of the frozen network. */
const extractionBatchSize = 16;

/**
 * Features at conv4_x of one part of the data through a codec, from the cache or the frozen network. Close them when done.
 *
 * @throws the context's signal's reason when aborted; what is on disk stays good.
 */
export async function openPictureFeatures(
  { dataset, folded, runtime, cacheFolder, signal, onProgress }: PaperContext,
  codec: PictureCodec,
  part: Part,
): Promise<FeatureCache> {
  const samples = dataset[part];
  const key = {
    ids: samples.map(({ id }) => id),
    pictures: dataset.fingerprint,
    codec,
    encoder: encoderSettings[codec.format],
    split: 'conv4_x',
    weights: weightsHash(folded),
    version: 1,
  };
  const { conv4_x } = await openFeatureCache({
    folder: join(cacheFolder, 'features', recipeHash(key)),
    count: samples.length,
    mapShapes: { conv4_x: readShape('conv4_x') },
    pooledSize: pooledFeatures,
    extract: extractBatches,
    onProgress: (done, total) => onProgress?.(`features of the ${part} part, ${codecName(codec)}`, done, total),
    ...(signal ? { signal } : {}),
  });
  return conv4_x;

  async function* extractBatches(first: number) {
    const graph = createGraph('picture-features');
    const convolutions = constantConvolutions(graph, folded);
    const map = front(input(graph, 'image', 'uint8', ['N', imageSize, imageSize, 3]), 'conv4_x', convolutions, 'read');
    output('conv4_x', map);
    output('pooled', tail(map, 'conv4_x', convolutions));
    await using session = await runtime.createSession(serializeGraph(graph));
    const left = compressedSamples(samples.slice(first), codec).samples;
    for await (const { images } of loadBatches(left, extractionBatchSize, signal ? { signal } : {})) {
      const outputs = await session.run({ image: images });
      const [maps, pooled] = ['conv4_x', 'pooled'].map((name) => pickTensor(outputs, name, 'float32').data);
      yield { maps: { conv4_x: maps as Float32Array }, pooled: pooled as Float32Array };
    }
  }
}
