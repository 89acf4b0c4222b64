/**
 * How sure a difference of two accuracies is: percentile intervals of the paired bootstrap over the same test pictures
 * (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 13 and 15).
 *
 * The twist: only pictures that one side answers rightly and the other does not move the difference. How many of them a
 * resample holds is binomial, so that number is drawn from its distribution and then only those pictures: the same
 * distribution as drawing all pictures, with a twentieth of the draws.
 */

import { createRandom, type RandomSource } from '../../../../core/tensor/index.ts';

/** Answers of two methods to the same pictures: `1` for right, `0` for wrong, as in `TestMeasure.right`. */
export interface AnswerPair {
  readonly ours: string;
  readonly theirs: string;
}

/** A difference of two accuracies (-1 to 1, ours less theirs) with its 95 % interval. */
export interface Difference {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** What the interval depends on besides the answers. */
export interface BootstrapOptions {
  readonly resamples?: number;
  readonly seed?: number;
}

/** Resamples behind every interval of the documents. */
const defaultResamples = 10_000;

/**
 * The difference of two accuracies and its 95 % interval over the choice of test pictures.
 *
 * @param pairs - One pair for each training seed; pictures are resampled, the seeds averaged.
 * @throws RangeError when there is no pair, no picture, or the answers are not to the same pictures.
 */
export function pairedDifference(pairs: readonly AnswerPair[], options: BootstrapOptions = {}): Difference {
  const { resamples = defaultResamples, seed = 0 } = options;
  const perPicture = meanDifferences(pairs);
  const moving = perPicture.filter((value) => value !== 0);
  const random = createRandom(seed);
  const drawMoving = binomialDraw(perPicture.length, moving.length / perPicture.length, random);
  const means = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    let sum = 0;
    for (let drawn = drawMoving(); drawn > 0; drawn--) sum += moving[random.below(moving.length)] ?? 0;
    means[i] = sum / perPicture.length;
  }
  means.sort();
  const at = (share: number): number => means[Math.round(share * (resamples - 1))] ?? Number.NaN;
  return { mean: moving.reduce((a, b) => a + b, 0) / perPicture.length, low: at(0.025), high: at(0.975) };
}

function meanDifferences(pairs: readonly AnswerPair[]): number[] {
  const count = pairs[0]?.ours.length ?? 0;
  if (count === 0) throw new RangeError('pairs: expected at least one pair of answers to at least one picture');
  if (pairs.some(({ ours, theirs }) => ours.length !== count || theirs.length !== count)) {
    throw new RangeError(`pairs: expected answers to the same ${count} pictures on both sides of every seed`);
  }
  return Array.from({ length: count }, (_, i) => {
    const wins = pairs.reduce((sum, { ours, theirs }) => sum + Number(ours[i]) - Number(theirs[i]), 0);
    return wins / pairs.length;
  });
}

/** Draws of how many of `count` trials succeed, by inversion of the cumulative distribution. */
function binomialDraw(count: number, probability: number, random: RandomSource): () => number {
  if (probability === 0 || probability === 1) return () => count * probability;
  const cumulative = new Float64Array(count + 1);
  // In logarithms: (1 - p)^n is below the smallest double for a few thousand pictures.
  let logMass = count * Math.log1p(-probability);
  let sum = 0;
  for (let k = 0; k <= count; k++) {
    sum += Math.exp(logMass);
    cumulative[k] = sum;
    logMass += Math.log((count - k) / (k + 1)) + Math.log(probability) - Math.log1p(-probability);
  }
  return () => {
    const target = random.uniform() * sum;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] ?? sum) > target) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
