import { expect, test } from 'vitest';
import { createComputeEstimate } from './compute-estimate.ts';

test('one computation is the mean, and may take as much again', () => {
  const estimate = createComputeEstimate(20);
  expect(estimate.meanMs()).toBe(20);
  expect(estimate.safeMs()).toBe(40);
});

test('equal computations narrow it, an odd one widens it', () => {
  const estimate = createComputeEstimate(20);
  for (let i = 0; i < 20; i++) estimate.add(20);
  expect(estimate.safeMs()).toBeCloseTo(20, 0);
  estimate.add(60);
  expect(estimate.meanMs()).toBe(25);
  expect(estimate.safeMs()).toBeGreaterThan(44);
});

test('follows a machine that became slower', () => {
  const estimate = createComputeEstimate(20);
  for (let i = 0; i < 40; i++) estimate.add(50);
  expect(estimate.meanMs()).toBeCloseTo(50, 0);
});
