/** Losses: scalars to minimize, composed of primitive ops, so that their gradients follow from the rules. */

import { logSoftmax, mul, mulScalar, neg, reduceMean, reduceSum, softmax, sub, type Value } from '../graph/index.ts';
import { stopGradient } from './straight-through.ts';

/**
 * Cross-entropy of the softmax of logits against target distributions, mean over the batch, in nats.
 *
 * @param logits - `float32[N, classes]`.
 * @param targets - `float32[N, classes]`, rows sum to 1: one-hot, smoothed, or a teacher's probabilities.
 * @returns `float32[]`.
 */
export function softmaxCrossEntropy(logits: Value, targets: Value): Value {
  return neg(reduceMean(reduceSum(mul(targets, logSoftmax(logits, -1)), [1], 0), [0], 0));
}

/**
 * Distillation loss `T^2 KL(softmax(teacher / T) || softmax(student / T))`, mean over the batch, in nats.
 *
 * The factor `T^2` keeps the size of the gradient independent of the temperature. No gradient reaches the teacher.
 *
 * @param teacherLogits - `float32[N, classes]`.
 * @param studentLogits - `float32[N, classes]`.
 * @returns `float32[]`.
 * @see Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network", 2015, section 2.1 (arXiv:1503.02531).
 */
export function klDivergence(teacherLogits: Value, studentLogits: Value, temperature: number): Value {
  const teacher = mulScalar(stopGradient(teacherLogits), 1 / temperature);
  const student = mulScalar(studentLogits, 1 / temperature);
  const divergence = mul(softmax(teacher, -1), sub(logSoftmax(teacher, -1), logSoftmax(student, -1)));
  return mulScalar(reduceMean(reduceSum(divergence, [1], 0), [0], 0), temperature ** 2);
}

/**
 * Mean over all elements of the squared difference.
 *
 * @returns `float32[]`.
 */
export function meanSquaredError(prediction: Value, target: Value): Value {
  const difference = sub(prediction, target);
  return reduceMean(
    mul(difference, difference),
    difference.shape.map((_, axis) => axis),
    0,
  );
}
