/** What is kept of one way to send the test part: which pictures were answered rightly, and how many bytes that took. */

import { argmaxRows, type TrainingSet } from '../../training/index.ts';
import type { FrameBytes, TestMeasure } from './paper-result.ts';

/** Mean and maximum of what was sent for each picture. */
export const frameBytesOf = (bytes: readonly number[]): FrameBytes => ({
  mean: bytes.reduce((sum, size) => sum + size, 0) / bytes.length,
  max: bytes.reduce((largest, size) => Math.max(largest, size), 0),
});

/**
 * Measures answers to the test part.
 *
 * @param name - Which way, as {@link TestMeasure} names them.
 * @param set - The test part: its samples are in `validation` (see `testContextOf`).
 * @param logits - `float32[set.validation.length, classes]`, in the order of `set.validation`.
 * @param bytes - What was sent for each of them.
 * @throws RangeError when logits or bytes are not one for each picture.
 */
export function testMeasure(
  name: string,
  set: TrainingSet,
  logits: Float32Array,
  bytes: readonly number[],
): TestMeasure {
  const { validation: samples, classes, labels } = set;
  if (logits.length !== samples.length * classes || bytes.length !== samples.length) {
    throw new RangeError(
      `"${name}": ${logits.length / classes} rows of logits and ${bytes.length} sizes for ${samples.length} pictures`,
    );
  }
  const top = argmaxRows(logits, classes);
  const right = samples.map((sample, i) => top[i] === labels[sample]);
  const seen = new Array<number>(classes).fill(0);
  const hits = new Array<number>(classes).fill(0);
  samples.forEach((sample, i) => {
    const label = labels[sample] as number;
    seen[label] = (seen[label] as number) + 1;
    if (right[i]) hits[label] = (hits[label] as number) + 1;
  });
  return {
    name,
    bytes: frameBytesOf(bytes),
    accuracy: right.filter(Boolean).length / samples.length,
    // A class without a test picture has no accuracy: NaN, which JSON turns into null.
    perClass: hits.map((hit, label) => hit / (seen[label] as number)),
    right: right.map((isRight) => (isRight ? '1' : '0')).join(''),
  };
}
