import { expect, test } from 'vitest';
import { createBatchEstimate } from './batch-estimate.ts';

test('sizes between and beyond the measured ones lie on their line', () => {
  const estimate = createBatchEstimate({ size: 1, ms: 20 }, { size: 8, ms: 90 });
  expect([1, 2, 8, 16].map(estimate.meanMs)).toEqual([20, 30, 90, 170]);
});

test('one measured size says the same of all', () => {
  const estimate = createBatchEstimate({ size: 1, ms: 20 });
  expect([1, 8].map(estimate.meanMs)).toEqual([20, 20]);
});

test('a machine that got slower is slower for every size', () => {
  const estimate = createBatchEstimate({ size: 1, ms: 20 }, { size: 8, ms: 90 });
  for (let i = 0; i < 50; i++) estimate.add({ size: 8, ms: 180 });
  expect(estimate.meanMs(1)).toBeCloseTo(40, 0);
  expect(estimate.safeMs(1)).toBeCloseTo(44, 0);
  expect(estimate.sureMs(1)).toBeCloseTo(80, 0);
});

test('a batch that was slow once is reckoned with for as long as dozens of others take', () => {
  const estimate = createBatchEstimate({ size: 1, ms: 10 });
  for (let i = 0; i < 50; i++) estimate.add({ size: 1, ms: 10 });
  estimate.add({ size: 1, ms: 30 });
  for (let i = 0; i < 20; i++) estimate.add({ size: 1, ms: 10 });
  expect(estimate.sureMs(1)).toBeGreaterThan(23);
  expect(estimate.safeMs(1)).toBeLessThan(14);
  for (let i = 0; i < 400; i++) estimate.add({ size: 1, ms: 10 });
  expect(estimate.sureMs(1)).toBeCloseTo(20, 1);
});

test('the safe time is above what nearly every batch takes', () => {
  const estimate = createBatchEstimate({ size: 1, ms: 10 });
  const times = Array.from({ length: 200 }, (_, i) => 10 + (i % 5));
  for (const ms of times) estimate.add({ size: 1, ms });
  expect(estimate.safeMs(1)).toBeGreaterThan(14);
  expect(estimate.safeMs(1)).toBeLessThan(18);
});
