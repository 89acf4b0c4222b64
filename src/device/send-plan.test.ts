import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LinkEstimate } from '../core/link/index.ts';
import { bestPlan, bytesOnLink, mostWaitingBytes, type PlanInput, wholeFramePlan } from './send-plan.ts';

const link = (values: Partial<LinkEstimate> = {}): LinkEstimate => ({
  roundTripMs: 40,
  throughputBitsPerSecond: 1e6,
  overheadBytes: 0,
  throughputLogDeviation: 0.15,
  outageProbability: 0,
  waitingBytes: 0,
  silentMs: 0,
  idleMs: 0,
  ...values,
});

/** Sixteen chunks of 75 bytes whose answers get better and better, from below the device's own on. */
const input = (values: Partial<PlanInput> = {}): PlanInput => ({
  chunkBytes: Array.from({ length: 16 }, () => 75),
  value: { edge: Array.from({ length: 16 }, (_, i) => 0.95 - 0.5 * 0.6 ** i), device: 0.8 },
  link: link(),
  uplinkMs: 60,
  ...values,
});

test('a fast link gets everything in one burst', () => {
  expect(bestPlan(input())).toEqual([16]);
  expect(wholeFramePlan(input({ link: link({ throughputBitsPerSecond: 1 }) }))).toEqual([16]);
});

test('a slow link gets what it can carry', () => {
  const plan = bestPlan(input({ link: link({ throughputBitsPerSecond: 1e5 }) }));
  const chunks = plan.at(-1) ?? 0;
  expect(chunks).toBeGreaterThan(1);
  // 40 ms of 100 kbit/s are 500 bytes.
  expect(bytesOnLink(75 * (plan[0] ?? 0))).toBeLessThan(500);
  expect(chunks).toBeLessThan(10);
});

test('an uncertain link gets a safe burst first and bold ones after it', () => {
  const plan = bestPlan(input({ link: link({ throughputBitsPerSecond: 2e5, throughputLogDeviation: 0.8 }) }));
  expect(plan.length).toBeGreaterThan(1);
  expect(plan).toEqual([...plan].sort((a, b) => a - b));
});

test.each([
  ['no time is left', input({ uplinkMs: 15 })],
  ['the link carries hardly a chunk', input({ link: link({ throughputBitsPerSecond: 1e4 }) })],
  ['the device knows better', input({ value: { edge: Array.from({ length: 16 }, () => 0.7), device: 0.8 } })],
  ['too much waits already', input({ link: link({ waitingBytes: mostWaitingBytes }) })],
])('nothing is sent when %s', (_, given) => {
  expect(bestPlan(given)).toEqual([]);
});

test('a link that was too slow a second ago is asked anew, with as little as is of use', () => {
  const slow = { throughputBitsPerSecond: 1e4, idleMs: 1500 };
  expect(bestPlan(input({ link: link(slow) }))).toEqual([4]);
  expect(bestPlan(input({ link: link({ ...slow, idleMs: 500 }) }))).toEqual([]);
  expect(bestPlan(input({ link: link({ ...slow, waitingBytes: mostWaitingBytes }) }))).toEqual([]);
  expect(bestPlan(input({ link: link(slow), uplinkMs: 15 }))).toEqual([]);
});

test('chunks that lead to no better answer than the device has are only sent together with better ones', () => {
  const value = { edge: [0.1, 0.2, 0.9, ...Array.from({ length: 13 }, () => 0.9)], device: 0.8 };
  expect(bestPlan(input({ value }))).toEqual([3]);
});

test('a plan rises and ends within the frame, whatever it is made from', () => {
  const anyInput = fc.record({
    chunkBytes: fc.array(fc.integer({ min: 5, max: 2000 }), { minLength: 1, maxLength: 20 }),
    bitsPerSecond: fc.double({ min: 1e3, max: 1e8, noNaN: true }),
    deviation: fc.double({ min: 0.12, max: 3, noNaN: true }),
    uplinkMs: fc.double({ min: -100, max: 1000, noNaN: true }),
    device: fc.double({ min: 0, max: 1, noNaN: true }),
    gains: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 20, maxLength: 20 }),
  });
  fc.assert(
    fc.property(anyInput, ({ chunkBytes, bitsPerSecond, deviation, uplinkMs, device, gains }) => {
      const edge = gains.slice(0, chunkBytes.length).sort((a, b) => a - b);
      const estimate = link({ throughputBitsPerSecond: bitsPerSecond, throughputLogDeviation: deviation });
      const plan = bestPlan({ chunkBytes, value: { edge, device }, link: estimate, uplinkMs });
      for (const [i, end] of plan.entries()) {
        expect(end).toBeGreaterThan(plan[i - 1] ?? 0);
        expect(end).toBeLessThanOrEqual(chunkBytes.length);
      }
      if (plan.length > 0) expect(edge[(plan.at(-1) as number) - 1]).toBeGreaterThan(device);
    }),
  );
});

test('where a delivery takes its turn whatever its size, all goes in one burst or nothing', () => {
  const uncertain = { throughputBitsPerSecond: 2e5, throughputLogDeviation: 0.8 };
  expect(bestPlan(input({ link: link(uncertain) })).length).toBeGreaterThan(1);
  const inTurns = { ...uncertain, throughputBitsPerSecond: 5e6, overheadBytes: 16_000 };
  const plan = bestPlan(input({ link: link(inTurns) }));
  expect(plan).toHaveLength(1);
});
