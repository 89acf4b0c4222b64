/** What all training steps work on: cached features of the training part, their labels, and a validation part of it. */

import { type Tensor, tensor } from '../../core/tensor/index.ts';
import type { FeatureCache } from '../datasets/index.ts';

/** Features and labels of the training part; samples are positions in the cache. */
export interface TrainingSet {
  readonly features: FeatureCache;
  /** Class of each sample. */
  readonly labels: Int32Array;
  readonly classes: number;
  /** Samples that parameters are fitted on. */
  readonly train: readonly number[];
  /** Samples held back: reported accuracies, calibration and choices come from them. */
  readonly validation: readonly number[];
}

/** Labels as rows with a single one, `float32[n, classes]`. */
export function oneHot(set: TrainingSet, samples: readonly number[]): Tensor<'float32'> {
  const rows = new Float32Array(samples.length * set.classes);
  samples.forEach((sample, i) => {
    rows[i * set.classes + (set.labels[sample] as number)] = 1;
  });
  return tensor('float32', [samples.length, set.classes], rows);
}

/** Rows of a matrix `float32[count, width]`. */
export function rowsOf(matrix: Float32Array, width: number, samples: readonly number[]): Tensor<'float32'> {
  const rows = new Float32Array(samples.length * width);
  samples.forEach((sample, i) => {
    rows.set(matrix.subarray(sample * width, (sample + 1) * width), i * width);
  });
  return tensor('float32', [samples.length, width], rows);
}

/** Position of the largest value of each row. */
export function argmaxRows(matrix: Float32Array, width: number): Int32Array {
  return Int32Array.from({ length: matrix.length / width }, (_, row) => {
    let best = 0;
    for (let c = 1; c < width; c++) {
      if ((matrix[row * width + c] as number) > (matrix[row * width + best] as number)) best = c;
    }
    return best;
  });
}

/** Share of samples whose row of logits, in the order of `samples`, is largest at their label. */
export function accuracyOf(set: TrainingSet, samples: readonly number[], logits: Float32Array): number {
  const top = argmaxRows(logits, set.classes);
  return samples.filter((sample, i) => top[i] === set.labels[sample]).length / samples.length;
}
