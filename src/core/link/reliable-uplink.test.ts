import { expect, test } from 'vitest';
import { createRandom } from '../tensor/index.ts';
import { createBurstyLossUplink } from './bursty-loss-link.ts';
import { createFixedRateUplink } from './fixed-rate-link.ts';
import type { PacketSchedule } from './packet-schedule.ts';
import { createReliableUplink } from './reliable-uplink.ts';

/** 1 Mbit/s, 40 ms, and whether each packet in turn is lost. */
function losing(...lost: readonly boolean[]): PacketSchedule {
  const make = (uplink: PacketSchedule, sent: number): PacketSchedule => {
    let next = sent;
    return {
      send(bytes, nowMs) {
        const arrivalMs = uplink.send(bytes, nowMs);
        return lost[next++] ? Number.POSITIVE_INFINITY : arrivalMs;
      },
      fork: () => make(uplink.fork(), next),
    };
  };
  return make(createFixedRateUplink({ rateBitsPerSecond: 1e6, roundTripMs: 40 }), 0);
}

test('nothing changes while nothing is lost', () => {
  const uplink = createReliableUplink(losing(), 40);
  expect([uplink.send(1500, 0), uplink.send(1500, 0), uplink.send(1500, 100)]).toEqual([32, 44, 132]);
});

test('a lost packet comes 200 ms later, then 400, and what is behind waits for it', () => {
  const uplink = createReliableUplink(losing(true, true, false), 40);
  expect(uplink.send(1500, 0)).toBe(200 + 400 + 32);
  expect(uplink.send(1500, 10)).toBe(600 + 44);
  expect(uplink.send(1500, 1000)).toBe(1032);
});

test('a long way makes for a long timeout', () => {
  expect(createReliableUplink(losing(true), 150).send(1500, 0)).toBe(300 + 32);
});

test('the timer starts when the packets before have left', () => {
  const uplink = createReliableUplink(losing(false, false, true), 40);
  uplink.send(1500, 0);
  expect(uplink.send(1500, 0)).toBe(44);
  expect(uplink.send(1500, 0)).toBe(24 + 200 + 32);
});

test('the timeout stops growing at two minutes', () => {
  const lost = Array.from({ length: 12 }, () => true);
  const doubled = Array.from({ length: 12 }, (_, i) => Math.min(200 * 2 ** i, 120_000));
  expect(createReliableUplink(losing(...lost), 40).send(1500, 0)).toBe(doubled.reduce((sum, ms) => sum + ms) + 32);
});

test('over a link that loses half of everything all arrive, in order', () => {
  const link = { rateBitsPerSecond: 1e6, roundTripMs: 40, lossProbability: 0.5, meanBurstPackets: 10 };
  const uplink = createReliableUplink(createBurstyLossUplink(link, createRandom(4)), 40);
  const arrivals = Array.from({ length: 1000 }, (_, i) => uplink.send(1200, 100 * i));
  expect(arrivals.every(Number.isFinite)).toBe(true);
  expect(arrivals).toEqual([...arrivals].sort((a, b) => a - b));
});
