import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFixedRateUplink } from './fixed-rate-link.ts';
import { maxPacketBytes } from './packet-schedule.ts';

test('a packet takes its bits over the rate, then half the round trip', () => {
  const uplink = createFixedRateUplink({ rateBitsPerSecond: 1e6, roundTripMs: 40 });
  expect(uplink.send(1500, 100)).toBe(100 + 12 + 20);
});

test('packets queue behind one another, and an idle link forgets', () => {
  const uplink = createFixedRateUplink({ rateBitsPerSecond: 1e6, roundTripMs: 40 });
  uplink.send(1250, 0);
  expect(uplink.send(1250, 0)).toBe(40);
  expect(uplink.send(125, 5)).toBe(41);
  expect(uplink.send(125, 1000)).toBe(1021);
});

test('no stretch of time carries more than the rate', () => {
  const packets = fc.array(
    fc.record({ bytes: fc.integer({ min: 1, max: maxPacketBytes }), gapMs: fc.integer({ min: 0, max: 30 }) }),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(packets, fc.integer({ min: 1000, max: 1e8 }), (list, rateBitsPerSecond) => {
      const uplink = createFixedRateUplink({ rateBitsPerSecond, roundTripMs: 10 });
      let nowMs = 0;
      let lastMs = Number.NEGATIVE_INFINITY;
      for (const { bytes, gapMs } of list) {
        nowMs += gapMs;
        const sendingMs = (8000 * bytes) / rateBitsPerSecond;
        const arrivalMs = uplink.send(bytes, nowMs);
        expect(arrivalMs).toBeGreaterThanOrEqual(Math.max(nowMs + 5, lastMs) + sendingMs - 1e-6);
        lastMs = arrivalMs;
      }
    }),
  );
});

test('a rate of nothing and a way into the past are refused', () => {
  for (const rateBitsPerSecond of [0, -1, Number.NaN]) {
    expect(() => createFixedRateUplink({ rateBitsPerSecond, roundTripMs: 0 })).toThrow(RangeError);
  }
  expect(() => createFixedRateUplink({ rateBitsPerSecond: 1e6, roundTripMs: -1 })).toThrow('roundTripMs');
});
