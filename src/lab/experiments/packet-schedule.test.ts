import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fixedRateSchedule } from './packet-schedule.ts';

test('a packet takes its bits over the rate, then the delay', () => {
  const schedule = fixedRateSchedule({ rateBitsPerSecond: 1e6, delayMs: 20 });
  expect(schedule(1250, 100)).toBe(100 + 10 + 20);
});

test('packets queue behind one another, and an idle link forgets', () => {
  const schedule = fixedRateSchedule({ rateBitsPerSecond: 1e6, delayMs: 20 });
  schedule(1250, 0);
  expect(schedule(1250, 0)).toBe(40);
  expect(schedule(125, 5)).toBe(41);
  expect(schedule(125, 1000)).toBe(1021);
});

test('without a rate there is only the delay', () => {
  const schedule = fixedRateSchedule({ delayMs: 7 });
  expect([schedule(1e9, 0), schedule(1, 0)]).toEqual([7, 7]);
});

test('packets keep their order, and no stretch of time carries more than the rate', () => {
  const packets = fc.array(
    fc.record({ bytes: fc.integer({ min: 1, max: 1500 }), gapMs: fc.integer({ min: 0, max: 30 }) }),
    {
      minLength: 1,
    },
  );
  fc.assert(
    fc.property(
      packets,
      fc.integer({ min: 1000, max: 1e8 }),
      fc.integer({ min: 0, max: 200 }),
      (list, rate, delayMs) => {
        const schedule = fixedRateSchedule({ rateBitsPerSecond: rate, delayMs });
        let nowMs = 0;
        let lastMs = Number.NEGATIVE_INFINITY;
        for (const { bytes, gapMs } of list) {
          nowMs += gapMs;
          const arrivalMs = schedule(bytes, nowMs);
          const sendingMs = (8000 * bytes) / rate;
          expect(arrivalMs).toBeGreaterThanOrEqual(nowMs + sendingMs + delayMs - 1e-6);
          expect(arrivalMs).toBeGreaterThanOrEqual(lastMs + sendingMs - 1e-6);
          lastMs = arrivalMs;
        }
      },
    ),
  );
});

test('a rate of nothing and a delay into the past are refused', () => {
  expect(() => fixedRateSchedule({ rateBitsPerSecond: 0, delayMs: 0 })).toThrow(RangeError);
  expect(() => fixedRateSchedule({ rateBitsPerSecond: Number.NaN, delayMs: 0 })).toThrow(RangeError);
  expect(() => fixedRateSchedule({ delayMs: -1 })).toThrow(RangeError);
});
