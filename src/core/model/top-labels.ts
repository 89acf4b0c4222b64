/** From logits to an answer: the likeliest labels with their probabilities. The same on device and edge. */

import { ShapeError } from '../errors.ts';

/** A class and its probability, from 0 to 1. */
export interface RankedLabel {
  readonly label: string;
  readonly probability: number;
}

/**
 * Ranks the classes of one image by their softmax probability, likeliest first; equal ones in the order of the classes.
 *
 * @param logits - `float32[classes]` of one image.
 * @param classes - Labels in the order of the logits.
 * @param count - How many to give.
 * @throws {@link ShapeError} when there are not as many logits as classes.
 */
export function topLabels(logits: Float32Array, classes: readonly string[], count = 5): RankedLabel[] {
  if (logits.length !== classes.length) {
    throw new ShapeError(
      `got ${logits.length} logits for ${classes.length} classes: the graph is not that of the manifest`,
    );
  }
  const largest = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const weights = Array.from(logits, (logit) => Math.exp(logit - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return classes
    .map((label, i) => ({ label, probability: (weights[i] ?? 0) / total }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, count);
}
