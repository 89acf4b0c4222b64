import { expect, test } from 'vitest';
import { createRandom } from '../tensor/index.ts';
import { createLinkEstimator, deliveryProbability, type LinkEstimator, unknownLink } from './link-estimator.ts';

/** Deliveries over a link of fixed rate and round trip, each acknowledged before the next; returns the time afterwards. */
function deliver(
  estimator: LinkEstimator,
  sizes: readonly number[],
  { bitsPerSecond = 1e6, roundTripMs = 40, startMs = 0 } = {},
): number {
  let nowMs = startMs;
  for (const bytes of sizes) {
    const id = estimator.sent(bytes, nowMs);
    nowMs += roundTripMs + (8000 * bytes) / bitsPerSecond;
    estimator.acknowledged(id, nowMs);
  }
  return nowMs;
}

const sizesFrom = (seed: number, least: number, most: number): number[] => {
  const random = createRandom(seed);
  return Array.from({ length: 40 }, () => least + random.below(most - least));
};

test('a link that nobody used is unknown, but for its handshake', () => {
  const estimator = createLinkEstimator();
  expect(estimator.estimate(0)).toMatchObject({ ...unknownLink, waitingBytes: 0, silentMs: 0, outageProbability: 0 });
  estimator.connected(70);
  expect(estimator.estimate(0).roundTripMs).toBe(70);
});

test.each([2e4, 8e4, 1e6, 2e6])(
  'deliveries of different sizes tell rate (%s bit/s) and round trip apart',
  (bitsPerSecond) => {
    const estimator = createLinkEstimator();
    // A handshake over a slow link is slow itself.
    estimator.connected(40 + (8000 * 300) / bitsPerSecond);
    const nowMs = deliver(estimator, sizesFrom(1, 100, 1500), { bitsPerSecond });
    const { roundTripMs, throughputBitsPerSecond, throughputLogDeviation } = estimator.estimate(nowMs);
    expect(roundTripMs).toBeCloseTo(40, 0);
    expect(throughputBitsPerSecond / bitsPerSecond).toBeGreaterThan(0.95);
    expect(throughputBitsPerSecond / bitsPerSecond).toBeLessThan(1.05);
    expect(throughputLogDeviation).toBeLessThan(0.15);
  },
);

test('what it expects of deliveries of one size is what they took', () => {
  const estimator = createLinkEstimator();
  estimator.connected(45);
  const nowMs = deliver(estimator, sizesFrom(2, 1100, 1200), { bitsPerSecond: 4e5 });
  const estimate = estimator.estimate(nowMs);
  const took = 20 + (8000 * 1150) / 4e5;
  expect(deliveryProbability(estimate, 1150, 1.4 * took)).toBeGreaterThan(0.9);
  expect(deliveryProbability(estimate, 1150, 0.7 * took)).toBeLessThan(0.1);
});

test('a link on which small deliveries are no faster than large ones is told from a slow one', () => {
  const inTurns = createLinkEstimator();
  inTurns.connected(40);
  const random = createRandom(4);
  let nowMs = 0;
  for (const bytes of sizesFrom(3, 100, 1500)) {
    const id = inTurns.sent(bytes, nowMs);
    nowMs += 40 + 60 * random.uniform();
    inTurns.acknowledged(id, nowMs);
  }
  const estimate = inTurns.estimate(nowMs);
  expect(estimate.overheadBytes).toBeGreaterThanOrEqual(4000);
  const small = deliveryProbability(estimate, 150, 60);
  expect(deliveryProbability(estimate, 1450, 60)).toBeGreaterThan(0.9 * small);
  expect(deliveryProbability(estimate, 1450, 60, 3)).toBeLessThan(0.9 * small);

  const slow = createLinkEstimator();
  slow.connected(40);
  const laterMs = deliver(slow, sizesFrom(3, 100, 1500), { bitsPerSecond: 1e5 });
  expect(slow.estimate(laterMs).overheadBytes).toBe(0);
});

test('a delivery behind others is no sign of a slow link', () => {
  const estimator = createLinkEstimator();
  estimator.connected(40);
  const ids = [500, 1000, 700].map((bytes) => ({ bytes, id: estimator.sent(bytes, 0) }));
  let atMs = 40;
  for (const { bytes, id } of ids) {
    atMs += (8000 * bytes) / 1e6;
    estimator.acknowledged(id, atMs);
  }
  expect(estimator.estimate(atMs).throughputBitsPerSecond / 1e6).toBeCloseTo(1, 1);
});

test('a link that got slower is believed after a few deliveries', () => {
  const estimator = createLinkEstimator();
  const nowMs = deliver(estimator, sizesFrom(3, 200, 1400));
  deliver(estimator, sizesFrom(4, 200, 1400), { bitsPerSecond: 1e5, startMs: nowMs });
  expect(estimator.estimate(nowMs).throughputBitsPerSecond).toBeLessThan(1.2e5);
});

test('silence lowers the chance, and an acknowledgement of what came later ends it', () => {
  const estimator = createLinkEstimator();
  const nowMs = deliver(estimator, sizesFrom(5, 200, 1400));
  estimator.sent(1000, nowMs);
  const later = estimator.sent(1000, nowMs + 10);
  const before = deliveryProbability(estimator.estimate(nowMs + 20), 500, 80);
  const silent = estimator.estimate(nowMs + 2000);
  expect(silent.silentMs).toBeGreaterThan(1900);
  expect(silent.waitingBytes).toBe(2000);
  expect(deliveryProbability(silent, 500, 80)).toBeLessThan(0.1 * before);
  estimator.acknowledged(later, nowMs + 2100);
  expect(estimator.estimate(nowMs + 2100)).toMatchObject({ waitingBytes: 0, silentMs: 0 });
});

test('a new connection forgets what waited on the old one', () => {
  const estimator = createLinkEstimator();
  const id = estimator.sent(1000, 0);
  estimator.connected(40);
  expect(estimator.estimate(5000).waitingBytes).toBe(0);
  estimator.acknowledged(id, 5000);
  expect(estimator.estimate(5000).throughputBitsPerSecond).toBe(unknownLink.throughputBitsPerSecond);
});

test('requests of which nothing was heard are outages, and doubt grows without news', () => {
  const estimator = createLinkEstimator();
  const nowMs = deliver(estimator, sizesFrom(6, 200, 1400));
  for (let i = 0; i < 10; i++) estimator.finished(false);
  expect(estimator.estimate(nowMs).outageProbability).toBeGreaterThan(0.8);
  for (let i = 0; i < 20; i++) estimator.finished(true);
  expect(estimator.estimate(nowMs).outageProbability).toBeLessThan(0.05);
  const doubt = (atMs: number): number => estimator.estimate(atMs).throughputLogDeviation;
  expect(doubt(nowMs + 60_000)).toBeGreaterThan(2 * doubt(nowMs));
});

test('a delivery whose acknowledgement never comes is given up after half a minute', () => {
  const estimator = createLinkEstimator();
  const nowMs = deliver(estimator, sizesFrom(7, 200, 1400));
  estimator.sent(1000, nowMs);
  expect(estimator.estimate(nowMs + 29_000)).toMatchObject({ waitingBytes: 1000, idleMs: 29_000 });
  expect(estimator.estimate(nowMs + 31_000)).toMatchObject({ waitingBytes: 0, silentMs: 0 });
});
