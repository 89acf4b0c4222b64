import { expect, test } from 'vitest';
import { createRandom } from '../tensor/index.ts';
import { type BurstyLoss, createBurstyLossUplink, leastBurstPackets } from './bursty-loss-link.ts';

const rate = { rateBitsPerSecond: 1e6, roundTripMs: 40 };

/** Which of many full packets get lost, one handed over every `gapMs`; 0 keeps the link busy. */
function losses(loss: Omit<BurstyLoss, keyof typeof rate>, gapMs = 0, count = 200_000): boolean[] {
  const uplink = createBurstyLossUplink({ ...rate, ...loss }, createRandom(11));
  return Array.from({ length: count }, (_, i) => uplink.send(1500, i * gapMs) === Number.POSITIVE_INFINITY);
}

function share(lost: readonly boolean[]): number {
  return lost.filter(Boolean).length / lost.length;
}

function meanBurst(lost: readonly boolean[]): number {
  const bursts = lost.filter((isLost, i) => isLost && lost[i - 1] !== true).length;
  return lost.filter(Boolean).length / bursts;
}

test.each([
  [0.02, 4],
  [0.1, leastBurstPackets(0.1)],
  [0.1, 20],
  [0.75, 4],
  [0.9, 30],
])('a busy link loses %f of its packets in bursts of %f', (lossProbability, meanBurstPackets) => {
  const lost = losses({ lossProbability, meanBurstPackets });
  expect(Math.abs(share(lost) / lossProbability - 1)).toBeLessThan(0.08);
  expect(Math.abs(meanBurst(lost) / meanBurstPackets - 1)).toBeLessThan(0.08);
});

test('bursts pass while nothing is sent', () => {
  const lost = losses({ lossProbability: 0.1, meanBurstPackets: 4 }, 1000);
  expect(share(lost)).toBeCloseTo(0.1, 2);
  expect(meanBurst(lost)).toBeCloseTo(leastBurstPackets(0.1), 1);
});

test('the first packet is lost as often as any', () => {
  const link = { ...rate, lossProbability: 0.3, meanBurstPackets: 50 };
  const first = Array.from({ length: 10_000 }, (_, seed) =>
    createBurstyLossUplink(link, createRandom(seed)).send(1, 0),
  );
  expect(share(first.map((ms) => ms === Number.POSITIVE_INFINITY))).toBeCloseTo(0.3, 1);
});

test('what arrives is as late as on a link that loses nothing', () => {
  const uplink = createBurstyLossUplink({ ...rate, lossProbability: 0.5, meanBurstPackets: 3 }, createRandom(2));
  for (let i = 1; i <= 100; i++) expect([12 * i + 20, Number.POSITIVE_INFINITY]).toContain(uplink.send(1500, 0));
});

test('a loss that no link can have is refused by name', () => {
  const make = (lossProbability: number, meanBurstPackets: number) => () =>
    createBurstyLossUplink({ ...rate, lossProbability, meanBurstPackets }, createRandom(1));
  expect(make(-0.1, 4)).toThrow('lossProbability');
  expect(make(1, 4)).toThrow('lossProbability');
  expect(make(0.5, 1.9)).toThrow('meanBurstPackets must be at least 2');
  expect(make(0, 1)).not.toThrow();
});
