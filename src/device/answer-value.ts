/** What the edge's answer from a part of a frame is worth, by the curve that was measured when the model was trained. */

import type { Manifest } from '../core/model/index.ts';
import type { AnswerValue } from './send-plan.ts';

/**
 * Expected accuracy after each chunk of one picture's frame.
 *
 * The curve's points come from the few pictures of a validation part and scatter by a point, so that some fall where accuracy
 * does not; over this range it grows about with the logarithm of the bytes. So a line in that logarithm is fitted through all
 * points (least squares, never falling), and taken for shorter frames too.
 *
 * @param chunkBytes - Bytes of the frame with its first 1, 2, ... chunks.
 */
export function answerValue(
  { curve, fallback }: Pick<Manifest, 'curve' | 'fallback'>,
  chunkBytes: readonly number[],
): AnswerValue {
  const points = curve.map(({ frameBytes, accuracy }) => ({ log: Math.log(frameBytes.mean), accuracy }));
  const [meanLog, meanAccuracy] = [mean(points.map(({ log }) => log)), mean(points.map(({ accuracy }) => accuracy))];
  const spread = mean(points.map(({ log }) => (log - meanLog) ** 2));
  const covariance = mean(points.map(({ log, accuracy }) => (log - meanLog) * (accuracy - meanAccuracy)));
  const slope = spread > 0 ? Math.max(0, covariance / spread) : 0;
  const fitted = (bytes: number): number => meanAccuracy + slope * (Math.log(bytes) - meanLog);
  return {
    edge: chunkBytes.map((bytes) => Math.min(1, Math.max(0, fitted(bytes)))),
    device: fallback.accuracy,
  };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
