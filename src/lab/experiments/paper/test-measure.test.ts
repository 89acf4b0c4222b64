import { expect, test } from 'vitest';
import { normalTensors, stepContextOf } from '../../../../test/fixtures/step-context.ts';
import { testMeasure } from './test-measure.ts';

const labels = [0, 2, 1, 2, 1];
const { set } = await stepContextOf(normalTensors(1)([5, 1, 1, 1]), labels, 0);
// Answers 0, 1, 1, 2, 0.
const logits = Float32Array.from([3, 0, 0, 0, 3, 0, 0, 3, 0, 0, 0, 3, 3, 0, 0]);

test('says which pictures were answered rightly, by class, and for how many bytes', () => {
  expect(testMeasure('some way', set, logits, [10, 20, 30, 40, 50])).toEqual({
    name: 'some way',
    bytes: { mean: 30, max: 50 },
    accuracy: 0.6,
    perClass: [1, 0.5, 0.5],
    right: '10110',
  });
});

test('takes one size and one row a picture', () => {
  expect(() => testMeasure('some way', set, logits, [10])).toThrow(RangeError);
  expect(() => testMeasure('some way', set, logits.subarray(3), [10, 20, 30, 40, 50])).toThrow(RangeError);
});
