/** The backbone's weights, fetched when they are not in the cache, with batch norms folded. */

import type { ModelSource } from '../core/model/index.ts';
import { pickTensor } from '../core/tensor/index.ts';
import { type FoldedConvolutions, foldBatchNorms } from '../lab/networks/index.ts';
import type { StockClassifier } from '../lab/training/index.ts';
import { readImagenetLabels, readResnet50, resnet50Package } from '../lab/weights/index.ts';
import { fetchWithProgress } from './fetch.ts';
import type { GlobalOptions } from './options.ts';

/** Where the backbone's weights come from: an entry of every manifest. */
export const backboneSource: ModelSource = {
  name: `${resnet50Package.name}@${resnet50Package.version}`,
  licence: 'ISC (package); MIT (weights of Keras applications, after He et al.)',
  url: `https://www.npmjs.com/package/${resnet50Package.name}`,
  what: 'weights of ResNet-50, trained on ImageNet',
};

/**
 * Reads the weights of ResNet-50, after a look at their hashes (0.3 s): one flipped bit would give another model.
 *
 * @throws {@link EnvironmentError} when they can neither be found nor fetched, or the cache's copy is damaged.
 */
export async function openBackbone(
  options: Pick<GlobalOptions, 'cache' | 'offline'>,
  signal?: AbortSignal,
): Promise<FoldedConvolutions> {
  const { folder } = await fetchWithProgress(resnet50Package, options, signal);
  return foldBatchNorms(await readResnet50(folder));
}

/** Reads the network's own classifier of the 1,000 ImageNet classes. @throws as {@link openBackbone} does. */
export async function openStockClassifier(
  options: Pick<GlobalOptions, 'cache' | 'offline'>,
  signal?: AbortSignal,
): Promise<StockClassifier> {
  const { folder } = await fetchWithProgress(resnet50Package, options, signal);
  const weights = await readResnet50(folder);
  return {
    classes: await readImagenetLabels(folder),
    tensors: {
      'classifier/weights': pickTensor(weights, 'fc1000/kernel', 'float32'),
      'classifier/bias': pickTensor(weights, 'fc1000/bias', 'float32'),
    },
  };
}
