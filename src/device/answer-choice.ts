/**
 * Whose answer to take when edge and device disagree.
 *
 * Own derivation: each answer comes with its probability, and its source with an accuracy that was measured beforehand. Taken
 * as two pieces of evidence that do not know of each other, their log-odds add up; the larger sum wins. So a device that is
 * sure overrules an edge that had a few chunks to go by and doubts, and hardly ever one that had them all.
 */

/** One answer and its source. */
export interface WeighedAnswer {
  /** Of the answer, as its source takes it, 0 to 1. */
  readonly probability: number;
  /** Expected share of right answers of the source, 0 to 1. */
  readonly accuracy: number;
}

/** Probabilities are never taken for more certain than this. */
const leastDoubt = 1e-9;

/** Whether to take the edge's answer rather than the device's. */
export const prefersEdge = (edge: WeighedAnswer, device: WeighedAnswer): boolean => evidence(edge) >= evidence(device);

const evidence = ({ probability, accuracy }: WeighedAnswer): number => logOdds(probability) + logOdds(accuracy);

function logOdds(probability: number): number {
  const doubted = Math.min(1 - leastDoubt, Math.max(leastDoubt, probability));
  return Math.log(doubted / (1 - doubted));
}
