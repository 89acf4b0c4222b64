/** Learning rates over a training. */

/** Learning rate at a step, from 0 to `steps - 1`; `peak` is the largest. */
export type LearningRateSchedule = (peak: number, step: number, steps: number) => number;

/** Steps in which a constant learning rate is risen to. */
const constantWarmup = 20;

/** Learning rate that rises linearly over 20 steps and stays. */
export const constantLearningRate: LearningRateSchedule = (peak, step) =>
  peak * Math.min(1, (step + 1) / constantWarmup);

/**
 * Learning rate that rises linearly and falls as half a cosine (Loshchilov & Hutter, "SGDR", ICLR 2017, without restarts).
 *
 * @param step - From 0 to `steps - 1`.
 * @param warmupShare - Share of the steps in which it rises.
 */
export function cosineLearningRate(peak: number, step: number, steps: number, warmupShare = 0.05): number {
  const warmup = Math.max(1, Math.round(warmupShare * steps));
  if (step < warmup) return (peak * (step + 1)) / warmup;
  return 0.5 * peak * (1 + Math.cos((Math.PI * (step - warmup)) / Math.max(1, steps - warmup)));
}
