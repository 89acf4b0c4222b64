import { expect, test } from 'vitest';
import { createRateController } from './rate-controller.ts';

test('the price rises while frames are too large and falls while they are too small', () => {
  const controller = createRateController(1e-4, 1000);
  controller.update(1000);
  expect(controller.bitPrice).toBe(1e-4);
  controller.update(2000);
  expect(controller.bitPrice).toBeCloseTo(1e-4 * Math.exp(0.1), 12);
  controller.update(0);
  expect(controller.bitPrice).toBeCloseTo(1e-4, 12);
});

test('one wild batch moves it no further than one twice too large; it stays within bounds', () => {
  const controller = createRateController(1e-4, 1000);
  controller.update(1e9);
  expect(controller.bitPrice).toBeCloseTo(1e-4 * Math.exp(0.1), 12);
  for (let i = 0; i < 1000; i++) controller.update(1e9);
  expect(controller.bitPrice).toBe(1e-1);
  for (let i = 0; i < 1000; i++) controller.update(0);
  expect(controller.bitPrice).toBe(1e-8);
  controller.restore(3e-5);
  expect(controller.bitPrice).toBe(3e-5);
});

test('finds the price at which a source spends the bits asked for', () => {
  // Bits fall with the logarithm of the price, as those of a Gaussian do.
  const bitsAt = (price: number): number => 5000 - 700 * Math.log(price / 1e-6);
  const controller = createRateController(1e-6, 1500);
  for (let i = 0; i < 300; i++) controller.update(bitsAt(controller.bitPrice));
  expect(bitsAt(controller.bitPrice)).toBeCloseTo(1500, 0);
});
