/** Which pictures of a data set a model is measured on: those that it was not trained on, unless somebody insists. */

import { DatasetError, ModelError } from '../core/errors.ts';
import type { Manifest } from '../core/model/index.ts';
import type { Dataset, Sample } from '../lab/datasets/index.ts';

/** Whether folders name the classes of a model: not those of a model for all of ImageNet's. */
export const isLabelled = ({ teacher }: Manifest): boolean => teacher !== 'stock';

/** The test part of the split that the manifest records, or all pictures, labelled with the model's classes. */
export function samplesToMeasure(dataset: Dataset, manifest: Manifest, all: boolean): readonly Sample[] {
  const { classes, name } = manifest;
  if (!isLabelled(manifest)) {
    if (all) return [...dataset.train, ...dataset.test];
    requireSameSplit(dataset, manifest);
    return dataset.test;
  }
  const missing = classes.filter((label) => !dataset.classes.includes(label));
  const unknown = dataset.classes.filter((label) => !classes.includes(label));
  if (all && unknown.length === 0) {
    const labels = dataset.classes.map((label) => classes.indexOf(label));
    return [...dataset.train, ...dataset.test].map((sample) => ({ ...sample, label: labels[sample.label] as number }));
  }
  if (dataset.classes.join('\n') !== classes.join('\n')) {
    throw new ModelError(
      `the data's classes are not those of model "${name}": ` +
        [
          missing.length > 0 ? `missing ${missing.slice(0, 5).join(', ')}` : '',
          unknown.length > 0 ? `unknown ${unknown.slice(0, 5).join(', ')}` : '',
          missing.length + unknown.length === 0 ? 'they come in another order' : '',
        ]
          .filter(Boolean)
          .join('; ') +
        '. Give the data set that the model was trained on, or --all and one with the same class folders or some of them',
    );
  }
  requireSameSplit(dataset, manifest);
  return dataset.test;
}

/** @throws {@link DatasetError} when the pictures are others than those of the training. */
function requireSameSplit(dataset: Dataset, { dataSplit, name }: Manifest): void {
  if (dataset.protocol !== dataSplit.protocol || dataset.hash !== dataSplit.hash) {
    throw new DatasetError(
      `these pictures are not the data set that model "${name}" was trained on (other names or numbers of files), so ` +
        'it cannot be told which of them it has seen: give that data set, or --all to measure every picture all the same',
    );
  }
}
