/** The weights of ResNet-50 from their package in the cache, after a look at their hashes. */

import { join } from 'node:path';
import { EnvironmentError } from '../../core/errors.ts';
import type { TensorMap } from '../../core/tensor/index.ts';
import { verifyPackageFolder } from './package-folder.ts';
import { resnet50Package } from './packages.ts';
import { readTfjsWeights } from './tfjs-weights.ts';

/**
 * Reads the weights by Keras' names. The hashes take 0.3 s: one flipped bit would give another model.
 *
 * @param folder - The package's folder, as `fetchPackage` returns it.
 * @throws {@link EnvironmentError} when a file is missing or damaged.
 */
export async function readResnet50(folder: string): Promise<TensorMap> {
  const [damaged] = await verifyPackageFolder(folder, resnet50Package);
  if (damaged !== undefined) {
    throw new EnvironmentError(
      `the weights in the cache are damaged (${join(folder, damaged)}): remove the folder ${folder} and run the same command again`,
    );
  }
  return readTfjsWeights(join(folder, 'ResNet50'));
}
