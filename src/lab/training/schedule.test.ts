import { expect, test } from 'vitest';
import { cosineLearningRate, plateauLearningRate } from './schedule.ts';

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

test('up to a plateau it rises over 20 steps and stays; then it falls to zero as half a cosine', () => {
  const before = Array.from({ length: 50 }, (_, step) => plateauLearningRate(2, step, undefined, 10));
  expect(before).toEqual(Array.from({ length: 50 }, (_, i) => expect.closeTo(i < 20 ? 0.1 * (i + 1) : 2, 12)));
  const after = Array.from({ length: 11 }, (_, i) => plateauLearningRate(2, 30 + i, 30, 10));
  expect(plateauLearningRate(2, 29, 30, 10)).toBe(2);
  expect(after[0]).toBe(2);
  expect(after[5]).toBeCloseTo(1, 12);
  expect(after[10]).toBeCloseTo(0, 12);
  for (let i = 1; i < after.length; i++) expect(after[i]).toBeLessThan(after[i - 1] as number);
});
