/** What a network says of a picture: the likeliest class, and how likely it takes it to be. */

import { z } from 'zod';
import { pickTensor, type Tensor, type TensorMap } from '../../../../core/tensor/index.ts';

/** One answer. */
export interface Answer {
  /** Position of the class among the model's classes. */
  readonly label: number;
  /** Softmax probability of that class, from 0 to 1. */
  readonly probability: number;
}

/** An answer as it is kept in a file. */
export const answerSchema: z.ZodType<Answer> = z.object({
  label: z.int().nonnegative(),
  probability: z.number().min(0).max(1),
});

/** The answer in the logits of one picture; of equally likely classes the first. */
export function answerOf(logits: Float32Array): Answer {
  const largest = Math.max(...logits);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  return { label: logits.indexOf(largest), probability: 1 / sum };
}

/** The answer in each row of a graph's output `logits`, `float32[n, classes]`. */
export function answersOf(outputs: TensorMap): Answer[] {
  return batchRows(pickTensor(outputs, 'logits', 'float32')).map(answerOf);
}

/** What belongs to each picture of a batch, `float32[n, ...]`: views, in the order of the batch. */
export function batchRows({ data, shape: [count = 0] }: Tensor<'float32'>): Float32Array[] {
  const length = data.length / count;
  return Array.from({ length: count }, (_, row) => data.subarray(row * length, (row + 1) * length));
}
