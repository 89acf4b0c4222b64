/**
 * Seeded splits: pure functions over names.
 *
 * The protocol of an image folder: ONE generator for the whole data set; class after class (sorted by name), the names
 * (sorted by code units) are shuffled, the first `round(0.2 n)` (at least one) are the test part, the others train.
 */

import { createHash } from 'node:crypto';
import { createRandom, type RandomSource, shuffled } from '../../core/tensor/index.ts';
import type { Sample } from './dataset.ts';

/** Share of each class that is held back for the test. */
const testFraction = 0.2;

/** Names of a class in the two parts, in the order that the shuffle gave them. */
export interface SplitNames {
  readonly train: readonly string[];
  readonly test: readonly string[];
}

/**
 * Splits the names of one class.
 *
 * @param names - At least two names; their order does not matter.
 * @param random - The generator of the whole data set: classes must come in sorted order.
 */
export function splitNames(names: readonly string[], random: RandomSource): SplitNames {
  if (names.length < 2) throw new RangeError(`names must be two or more, got ${names.length}`);
  const order = shuffled([...names].sort(), random);
  const testCount = Math.max(1, Math.round(testFraction * names.length));
  return { test: order.slice(0, testCount), train: order.slice(testCount) };
}

/**
 * Fingerprint of a split: sha256 over the lines `class/name<TAB>part<LF>`, sorted by code units.
 *
 * Names decide, not the content of the files.
 */
export function splitHash(lines: Iterable<{ readonly id: string; readonly part: 'train' | 'test' }>): string {
  const text = Array.from(lines, ({ id, part }) => `${id}\t${part}\n`).sort();
  const hash = createHash('sha256');
  for (const line of text) hash.update(line);
  return hash.digest('hex');
}

/** Keeps the first `limit` samples of each class; all of them when `limit` is undefined. */
export function limitPerClass<S extends Pick<Sample, 'label'>>(samples: readonly S[], limit: number | undefined): S[] {
  if (limit === undefined) return [...samples];
  if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError(`limitPerClass must be 1 or more, got ${limit}`);
  const seen = new Map<number, number>();
  return samples.filter(({ label }) => {
    const count = (seen.get(label) ?? 0) + 1;
    seen.set(label, count);
    return count <= limit;
  });
}

/**
 * Picks `limit` samples, seeded and stratified: one of each class in turn until there are enough.
 *
 * @returns The samples in their old order; all of them when there are no more than `limit`.
 */
export function stratifiedSelection<S extends Pick<Sample, 'label'>>(
  samples: readonly S[],
  limit: number,
  seed: number,
): S[] {
  const random = createRandom(seed);
  const queues = shuffled(byClass(samples), random).map((ofClass) => shuffled(ofClass, random));
  const chosen = new Set<S>();
  for (let round = 0; chosen.size < Math.min(limit, samples.length); round++) {
    for (const queue of queues) {
      const sample = queue[round];
      if (sample !== undefined && chosen.size < limit) chosen.add(sample);
    }
  }
  return samples.filter((sample) => chosen.has(sample));
}

/** Samples of each class, classes by ascending label. */
function byClass<S extends Pick<Sample, 'label'>>(samples: readonly S[]): S[][] {
  const groups = new Map<number, S[]>();
  for (const sample of samples) {
    const group = groups.get(sample.label);
    if (group === undefined) groups.set(sample.label, [sample]);
    else group.push(sample);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}
