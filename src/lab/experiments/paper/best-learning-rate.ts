/** Which of the learning rates that were tried to take: the same rule for all methods. */

/** The learning rate of the highest accuracy; of equals the smallest. */
export function bestLearningRate(tried: readonly { learningRate: number; accuracy: number }[]): number {
  const [best] = [...tried].sort((a, b) => b.accuracy - a.accuracy || a.learningRate - b.learningRate);
  if (best === undefined) throw new RangeError('no learning rate was tried: give at least one');
  return best.learningRate;
}
