import { expect, test } from 'vitest';
import { createRandom } from '../tensor/index.ts';
import { createRayleighUplink, ergodicCapacityBitsPerSecond, meanSnrDb, type RayleighFading } from './rayleigh-link.ts';

const wifi: RayleighFading = {
  bandwidthHz: 1e6,
  transmitPowerDbm: 20,
  distanceM: 200,
  pathLossExponent: 3.5,
  referenceLossDb: 40,
  noiseFigureDb: 7,
  coherenceMs: 50,
  roundTripMs: 40,
};

/** The mean over exponential gains, by the trapezoidal rule over the gain itself. */
function integratedCapacity(bandwidthHz: number, snr: number): number {
  const step = 1e-3;
  let sum = 0;
  for (let i = 1; i < 40 / step; i++) sum += Math.exp(-i * step) * Math.log2(1 + i * step * snr);
  return bandwidthHz * sum * step;
}

test('the link budget adds up', () => {
  // 20 dBm - (40 + 35 * 2) dB = -90 dBm; -174 + 60 + 7 = -107 dBm.
  expect(meanSnrDb({ ...wifi, distanceM: 100 })).toBeCloseTo(17, 10);
  expect(meanSnrDb({ ...wifi, distanceM: 1 })).toBeCloseTo(87, 10);
});

test.each([1, 200, 1000, 3000])('the mean capacity at %i m is the integral over the gains', (distanceM) => {
  const link = { ...wifi, distanceM };
  const integral = integratedCapacity(link.bandwidthHz, 10 ** (meanSnrDb(link) / 10));
  expect(ergodicCapacityBitsPerSecond(link) / integral).toBeCloseTo(1, 3);
});

/** Capacities of the first blocks in bits a second, seen through small packets. */
function blockRates(link: RayleighFading, blocks: number, seed: number): number[] {
  const uplink = createRayleighUplink(link, createRandom(seed));
  return Array.from({ length: blocks }, (_, block) => {
    const startMs = block * link.coherenceMs;
    return 8000 / (uplink.send(1, startMs) - link.roundTripMs / 2 - startMs);
  });
}

test('gains are exponential with mean 1, anew for each block', () => {
  const snr = 10 ** (meanSnrDb(wifi) / 10);
  const gains = blockRates(wifi, 20_000, 5).map((rate) => (2 ** (rate / wifi.bandwidthHz) - 1) / snr);
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  expect(mean).toBeCloseTo(1, 1);
  for (const level of [0.1, 0.5, 1, 2, 4]) {
    const above = gains.filter((gain) => gain > level).length / gains.length;
    expect(Math.abs(above - Math.exp(-level))).toBeLessThan(0.015);
  }
});

test('a packet takes what the blocks it meets can carry', () => {
  const slow = { ...wifi, bandwidthHz: 1e5, transmitPowerDbm: 0, coherenceMs: 10 };
  const rates = blockRates(slow, 200, 9);
  let bits = 12_000;
  let endMs = 3;
  for (const [block, rate] of rates.entries()) {
    const blockEndMs = (block + 1) * slow.coherenceMs;
    const ms = Math.min((1000 * bits) / rate, blockEndMs - endMs);
    bits -= (ms * rate) / 1000;
    endMs += ms;
    if (bits < 1e-9) break;
  }
  expect(endMs).toBeGreaterThan(50);
  expect(createRayleighUplink(slow, createRandom(9)).send(1500, 3)).toBeCloseTo(endMs + 20, 6);
});

test('parameters that make no link are refused by name', () => {
  const make = (change: Partial<RayleighFading>) => () => createRayleighUplink({ ...wifi, ...change }, createRandom(1));
  expect(make({ distanceM: 0.5 })).toThrow('distanceM');
  expect(make({ coherenceMs: 0 })).toThrow('coherenceMs');
  expect(make({ roundTripMs: -1 })).toThrow('roundTripMs');
  expect(make({ distanceM: 1e6 })).toThrow('must carry at least 100 bits a second');
  expect(make({ transmitPowerDbm: Number.NaN })).toThrow(RangeError);
});
