import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maxPacketBytes } from './packet-schedule.ts';
import { type OpportunityTrace, parseTrace, type RateTrace } from './trace.ts';
import { createTraceUplink } from './trace-link.ts';

const uplinkOf = (text: string, roundTripMs = 0) => createTraceUplink(parseTrace(text), roundTripMs);

test('small packets share an opportunity, large ones need two', () => {
  const uplink = uplinkOf('10\n20\n30\n40\n', 40);
  expect([uplink.send(700, 0), uplink.send(800, 0), uplink.send(1, 0)]).toEqual([30, 30, 40]);
  expect([uplink.send(1500, 0), uplink.send(1499, 0)]).toEqual([50, 50]);
  expect(uplink.send(1, 0)).toBe(60);
});

test('an opportunity is lost with what it does not use, also to what comes at its moment', () => {
  const uplink = uplinkOf('10\n10\n20\n30\n');
  expect(uplink.send(100, 9)).toBe(10);
  expect(uplink.send(100, 10)).toBe(20);
  expect(uplink.send(1500, 20.5)).toBe(30);
});

test('several opportunities at one moment carry several packets', () => {
  const uplink = uplinkOf('10\n10\n20\n');
  expect([uplink.send(1500, 0), uplink.send(1500, 0), uplink.send(1500, 0)]).toEqual([10, 10, 20]);
});

test('a trace begins again after its last moment', () => {
  const uplink = uplinkOf('0\n3\n10\n');
  const arrivals = Array.from({ length: 7 }, () => uplink.send(1500, 0));
  // 0 is the moment of handing over: too late.
  expect(arrivals).toEqual([3, 10, 10, 13, 20, 20, 23]);
  expect(uplink.send(1500, 1e9 + 5)).toBe(1e9 + 10);
});

test('rates hold until the next and begin again', () => {
  // 1 Mbit/s for 24 ms, nothing for 100 ms, 0.5 Mbit/s for as long.
  const uplink = uplinkOf('0 1\n0.024 0\n0.124 0.5\n', 10);
  expect(uplink.send(1500, 0)).toBeCloseTo(17, 3);
  expect(uplink.send(1500, 0)).toBeCloseTo(29, 3);
  expect(uplink.send(1500, 0)).toBeCloseTo(124 + 24 + 5, 3);
  for (let i = 0; i < 3; i++) uplink.send(1500, 0);
  // 4 ms of the slow part were left: 2,000 bits.
  expect(uplink.send(1500, 0)).toBeCloseTo(224 + 10 + 5, 3);
  expect(uplink.send(1500, 224e6 + 100)).toBeCloseTo(224e6 + 124 + 24 + 5, 3);
});

test('a single rate is a fixed one', () => {
  const uplink = uplinkOf('12 1');
  expect(uplink.send(1500, 0)).toBeCloseTo(12, 3);
  expect(uplink.send(1500, 5000)).toBeCloseTo(5012, 3);
});

const packets = fc.array(
  fc.record({ bytes: fc.integer({ min: 1, max: maxPacketBytes }), gapMs: fc.integer({ min: 0, max: 40 }) }),
  { maxLength: 30 },
);

/** Mahimahi's queue, moment by moment: each opportunity takes from what was handed over before. */
function playOpportunities({ atMs, periodMs }: OpportunityTrace, list: readonly { bytes: number; nowMs: number }[]) {
  const leftMs: number[] = [];
  const waiting = list.map(({ bytes }) => bytes);
  for (let n = 0; leftMs.length < list.length; n++) {
    const momentMs = Math.floor(n / atMs.length) * periodMs + (atMs[n % atMs.length] as number);
    let room = maxPacketBytes;
    for (let next = leftMs.length; room > 0 && next < list.length; next = leftMs.length) {
      if ((list[next]?.nowMs as number) >= momentMs) break;
      const taken = Math.min(room, waiting[next] as number);
      waiting[next] = (waiting[next] as number) - taken;
      room -= taken;
      if (waiting[next] === 0) leftMs.push(momentMs);
    }
  }
  return leftMs;
}

/** Walks from rate to rate. */
function playRates(
  { fromMs, rateBitsPerSecond, periodMs }: RateTrace,
  list: readonly { bytes: number; nowMs: number }[],
) {
  let timeMs = 0;
  return list.map(({ bytes, nowMs }) => {
    timeMs = Math.max(timeMs, nowMs);
    let bits = 8 * bytes - 1e-3;
    for (;;) {
      const inPeriod = timeMs % periodMs;
      const i = fromMs.findLastIndex((from) => from <= inPeriod + 1e-9);
      const endMs = timeMs - inPeriod + (fromMs[i + 1] ?? periodMs);
      const room = ((rateBitsPerSecond[i] as number) / 1000) * (endMs - timeMs);
      if (bits <= room) {
        timeMs += (1000 * bits) / (rateBitsPerSecond[i] as number);
        return timeMs;
      }
      bits -= room;
      timeMs = endMs;
    }
  });
}

function handedOver(list: readonly { bytes: number; gapMs: number }[]) {
  let nowMs = 0;
  return list.map(({ bytes, gapMs }) => {
    nowMs += gapMs;
    return { bytes, nowMs };
  });
}

test('opportunities are used as a queue beside them would', () => {
  const moments = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(moments, packets, (gapsMs, gaps) => {
      const atMs = Float64Array.from([...gapsMs.sort((a, b) => a - b), 61]);
      const trace: OpportunityTrace = { kind: 'opportunities', atMs, periodMs: 61 };
      const list = handedOver(gaps);
      const uplink = createTraceUplink(trace, 0);
      expect(list.map(({ bytes, nowMs }) => uplink.send(bytes, nowMs))).toEqual(playOpportunities(trace, list));
    }),
    { numRuns: 500 },
  );
});

test('rates are used as a walk along them would', () => {
  const rates = fc.array(fc.constantFrom(0, 0, 0.1, 0.5, 1, 7.3), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(rates, packets, (megabits, gaps) => {
      // Eighths of a second are exact in binary, so that the walk itself does not round past a change.
      const lines = [...megabits, 0.9].map((rate, i) => `${i / 8} ${rate}`);
      const trace = parseTrace(lines.join('\n')) as RateTrace;
      const list = handedOver(gaps);
      const uplink = createTraceUplink(trace, 0);
      const walked = playRates(trace, list);
      for (const [i, { bytes, nowMs }] of list.entries()) {
        expect(Math.abs(uplink.send(bytes, nowMs) - (walked[i] as number))).toBeLessThan(1e-3);
      }
    }),
    { numRuns: 500 },
  );
});

test('a way into the past is refused', () => {
  expect(() => uplinkOf('10\n', -1)).toThrow(RangeError);
  expect(() => uplinkOf('0 1\n', Number.NaN)).toThrow(RangeError);
});
