/** Several data sets as one: for pictures whose classes do not matter. */

import { createHash } from 'node:crypto';
import type { Dataset, Sample } from './dataset.ts';

/** Joins data sets, split as each of them is. A class is called `<data set>/<class>`; a single data set stays what it is. */
export function joinDatasets(datasets: readonly [Dataset, ...Dataset[]]): Dataset {
  const [first] = datasets;
  if (datasets.length === 1) return first;
  const part = (name: 'train' | 'test'): Sample[] => {
    let offset = 0;
    return datasets.flatMap((dataset) => {
      const labelsBefore = offset;
      offset += dataset.classes.length;
      return dataset[name].map((sample) => ({
        ...sample,
        id: `${dataset.name}/${sample.id}`,
        label: labelsBefore + sample.label,
      }));
    });
  };
  const hashOf = (key: 'hash' | 'fingerprint'): string => {
    const hash = createHash('sha256');
    for (const dataset of datasets) hash.update(`${dataset[key]}\n`);
    return hash.digest('hex');
  };
  return {
    name: datasets.map(({ name }) => name).join(' + '),
    protocol: 'joined',
    classes: datasets.flatMap(({ name, classes }) => classes.map((label) => `${name}/${label}`)),
    train: part('train'),
    test: part('test'),
    hash: hashOf('hash'),
    fingerprint: hashOf('fingerprint'),
    seed: first.seed,
    ...(first.limitPerClass === undefined ? {} : { limitPerClass: first.limitPerClass }),
  };
}
