import { expect, test } from 'vitest';
import { constantLearningRate, cosineLearningRate } from './schedule.ts';

test('rises in a straight line, then falls as half a cosine', () => {
  const rates = Array.from({ length: 100 }, (_, step) => cosineLearningRate(2, step, 100));
  expect(rates.slice(0, 5)).toEqual([0.4, 0.8, 1.2, 1.6, 2].map((rate) => expect.closeTo(rate, 12)));
  expect(rates[5]).toBe(2);
  expect(rates[52]).toBeCloseTo(1 + Math.cos((Math.PI * 47) / 95), 12);
  for (let step = 6; step < 100; step++) expect(rates[step]).toBeLessThan(rates[step - 1] as number);
  expect(rates[99]).toBeGreaterThan(0);
  expect(rates[99]).toBeLessThan(0.001);
});

test('a training of one step has a learning rate', () => {
  expect(cosineLearningRate(1e-3, 0, 1)).toBe(1e-3);
  expect(cosineLearningRate(1e-3, 1, 2)).toBe(1e-3);
});

test('a constant learning rate rises over 20 steps and stays, however long the training is', () => {
  for (const steps of [10, 50, 1e6]) {
    const rates = Array.from({ length: 50 }, (_, step) => constantLearningRate(2, step, steps));
    expect(rates).toEqual(
      Array.from({ length: 50 }, (_, step) => expect.closeTo(step < 20 ? 0.1 * (step + 1) : 2, 12)),
    );
  }
  expect(constantLearningRate(3e-4, 1e6, 2e6)).toBe(3e-4);
});
