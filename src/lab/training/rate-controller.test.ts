import { expect, test } from 'vitest';
import { createRateController } from './rate-controller.ts';

test('the price rises while frames are too large and falls while they are too small', () => {
  const controller = createRateController(1e-4, 1000);
  controller.update(1000);
  expect(controller.bitPrice).toBe(1e-4);
  controller.update(2000);
  expect(controller.save()[0]).toBeCloseTo(1e-4 * Math.exp(0.15), 12);
  expect(controller.bitPrice).toBeGreaterThan(5 * controller.save()[0]);
  controller.update(0);
  expect(controller.save()[0]).toBeCloseTo(1e-4, 12);
  expect(controller.bitPrice).toBeLessThan(controller.save()[0] / 5);
});

test('one wild batch moves it no further than one twice too large; it stays within bounds and can be restored', () => {
  const controller = createRateController(1e-4, 1000);
  controller.update(1e9);
  expect(controller.save()[0]).toBeCloseTo(1e-4 * Math.exp(0.15), 12);
  const saved = controller.save();
  const price = controller.bitPrice;
  for (let i = 0; i < 1000; i++) controller.update(1e9);
  expect(controller.bitPrice).toBe(1e-1);
  for (let i = 0; i < 1000; i++) controller.update(0);
  expect(controller.bitPrice).toBe(1e-8);
  controller.restore(saved);
  expect(controller.bitPrice).toBe(price);
});

/** Bits fall with the logarithm of the price, as those of a Gaussian do. */
const bitsAt = (price: number): number => 5000 - 700 * Math.log(price / 1e-6);

test('finds the price at which a source spends the bits asked for', () => {
  const controller = createRateController(1e-6, 1500);
  for (let i = 0; i < 300; i++) controller.update(bitsAt(controller.save()[0]));
  expect(bitsAt(controller.save()[0])).toBeCloseTo(1500, 0);
});

test('settles within 100 steps of a source that follows the price slowly, as trained gains do', () => {
  const controller = createRateController(1e-6, 1500);
  let bits = 5000;
  const seen: number[] = [];
  for (let i = 0; i < 100; i++) {
    bits += Math.max(-75, Math.min(75, bitsAt(controller.bitPrice) - bits));
    controller.update(bits);
    seen.push(bits);
  }
  for (const late of seen.slice(-20)) expect(Math.abs(late - 1500)).toBeLessThan(75);
});
