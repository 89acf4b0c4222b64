import { expect, test } from 'vitest';
import { createRandom } from '../../core/tensor/index.ts';
import { calibrationError, fitTemperature } from './fallback-step.ts';

const classes = 4;

/** Logits, and labels drawn from softmax(logits / temperature). */
function drawn(temperature: number, rows = 4000) {
  const random = createRandom(2);
  const logits = Float32Array.from({ length: rows * classes }, () => 3 * random.normal());
  const labels = Array.from({ length: rows }, (_, row) => {
    const weights = [...logits.subarray(row * classes, (row + 1) * classes)].map((value) =>
      Math.exp(value / temperature),
    );
    let left = random.uniform() * weights.reduce((a, b) => a + b, 0);
    const label = weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    return label < 0 ? classes - 1 : label;
  });
  return { logits, labels };
}

test.each([0.5, 1, 3])('recovers a planted temperature of %d', (temperature) => {
  const { logits, labels } = drawn(temperature);
  const fitted = fitTemperature(logits, labels, classes);
  expect(Math.abs(fitted / temperature - 1)).toBeLessThan(0.07);
  expect(calibrationError(logits, labels, classes, fitted)).toBeLessThan(0.02);
  expect(calibrationError(logits, labels, classes, 5 * temperature)).toBeGreaterThan(0.1);
});

test('the calibration error is the gap between confidence and accuracy', () => {
  // Always 80 % sure of class 0, which is right half of the time.
  const logits = Float32Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? Math.log(4) : 0));
  const labels = Array.from({ length: 10 }, (_, row) => row % 2);
  expect(calibrationError(logits, labels, 2, 1)).toBeCloseTo(0.3, 6);
  expect(calibrationError(new Float32Array(), [], 2, 1)).toBe(0);
});

test('logits that are always right get a temperature within bounds', () => {
  const logits = Float32Array.of(50, 0, 0, 50);
  const fitted = fitTemperature(logits, [0, 1], 2);
  expect(fitted).toBeGreaterThanOrEqual(0.05);
  expect(fitted).toBeLessThanOrEqual(20);
});
