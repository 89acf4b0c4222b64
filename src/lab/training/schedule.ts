/** Learning rates over a training. */

/** Steps in which a learning rate that then stays constant is risen to. */
const constantWarmup = 20;

/**
 * Learning rate that rises linearly over 20 steps, stays, and falls as half a cosine once a plateau was reached.
 *
 * @param plateauStep - Step at which it begins to fall; `undefined` as long as that is not known.
 * @param decaySteps - Steps in which it falls to zero.
 */
export function plateauLearningRate(
  peak: number,
  step: number,
  plateauStep: number | undefined,
  decaySteps: number,
): number {
  if (plateauStep === undefined || step < plateauStep) return peak * Math.min(1, (step + 1) / constantWarmup);
  return 0.5 * peak * (1 + Math.cos((Math.PI * (step - plateauStep)) / Math.max(1, decaySteps)));
}

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
