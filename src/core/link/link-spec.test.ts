import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UsageError } from '../errors.ts';
import { leastBurstPackets } from './bursty-loss-link.ts';
import { formatLinkSpec, type LinkSpec, parseLinkSpec } from './link-spec.ts';
import { ergodicCapacityBitsPerSecond } from './rayleigh-link.ts';

test.each<[text: string, spec: LinkSpec, inFull: string]>([
  ['fixed:20kbit', { kind: 'fixed', rateBitsPerSecond: 20_000, roundTripMs: 40 }, 'fixed:20kbit,rtt=40ms'],
  ['fixed:1mbit,rtt=1.5s', { kind: 'fixed', rateBitsPerSecond: 1e6, roundTripMs: 1500 }, 'fixed:1mbit,rtt=1.5s'],
  [
    'rayleigh:distance=0.2km,bandwidth=125khz,power=-3DBM',
    {
      kind: 'rayleigh',
      bandwidthHz: 125_000,
      transmitPowerDbm: -3,
      distanceM: 200,
      pathLossExponent: 3.5,
      referenceLossDb: 40,
      noiseFigureDb: 7,
      coherenceMs: 50,
      roundTripMs: 40,
    },
    'rayleigh:bandwidth=125kHz,power=-3dBm,distance=200m,exponent=3.5,reference=40dB,noise=7dB,coherence=50ms,rtt=40ms',
  ],
  [
    'trace:C:\\My traces\\Drive 1=x.up,rtt=0ms',
    { kind: 'trace', file: 'C:\\My traces\\Drive 1=x.up', roundTripMs: 0 },
    'trace:C:\\My traces\\Drive 1=x.up,rtt=0ms',
  ],
  [
    'bursty:1mbit,burst=4,loss=2%',
    { kind: 'bursty', rateBitsPerSecond: 1e6, lossProbability: 0.02, meanBurstPackets: 4, roundTripMs: 40 },
    'bursty:1mbit,loss=2%,burst=4,rtt=40ms',
  ],
])('%s', (text, spec, inFull) => {
  expect(parseLinkSpec(text)).toEqual(spec);
  expect(formatLinkSpec(spec)).toBe(inFull);
});

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true }).map((value) => value + 0);
const roundTripMs = number(0, 60_000);
const rateBitsPerSecond = number(100, 1e12);
const specs: fc.Arbitrary<LinkSpec> = fc.oneof(
  fc.record({ kind: fc.constant('fixed' as const), rateBitsPerSecond, roundTripMs }),
  fc
    .record({
      kind: fc.constant('rayleigh' as const),
      bandwidthHz: number(1, 1e10),
      transmitPowerDbm: number(-100, 100),
      distanceM: number(1, 1e6),
      pathLossExponent: number(1, 10),
      referenceLossDb: number(0, 200),
      noiseFigureDb: number(0, 200),
      coherenceMs: number(1, 3_600_000),
      roundTripMs,
    })
    .filter((link) => ergodicCapacityBitsPerSecond(link) >= 100),
  fc.record({
    kind: fc.constant('trace' as const),
    file: fc.string({ minLength: 1 }).filter((name) => !name.includes(',')),
    roundTripMs,
  }),
  fc
    .record({
      kind: fc.constant('bursty' as const),
      rateBitsPerSecond,
      lossProbability: number(0, 0.999),
      meanBurstPackets: number(1, 1000),
      roundTripMs,
    })
    .filter(({ lossProbability, meanBurstPackets }) => meanBurstPackets >= leastBurstPackets(lossProbability)),
);

test('every link is read back as it was written', () => {
  fc.assert(
    fc.property(specs, (spec) => {
      expect(parseLinkSpec(formatLinkSpec(spec))).toEqual(spec);
    }),
    { numRuns: 300 },
  );
});

test('any text is a link or a UsageError', () => {
  const texts = fc.oneof(
    fc.string(),
    fc
      .tuple(fc.constantFrom('fixed:', 'bursty:1mbit,', 'rayleigh:', 'trace:'), fc.string())
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        parseLinkSpec(text);
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
      }
    }),
  );
});

test.each([
  [
    '1mbit',
    'the link "1mbit" is of no known kind: begin it with fixed:, rayleigh:, trace: or bursty:, e.g. fixed:1mbit,rtt=40ms',
  ],
  ['wifi:1mbit', 'is of no known kind'],
  ['Fixed:1mbit', 'is of no known kind'],
  ['toString:1mbit', 'is of no known kind'],
  ['fixed', 'is of no known kind'],
  [
    'fixed:1mbps',
    'the link "fixed:1mbps" has "1mbps": expected a rate from 100bit to 1000gbit, e.g. fixed:1mbit,rtt=40ms',
  ],
  ['fixed:', 'has "": expected a rate from 100bit to 1000gbit'],
  ['fixed:rtt=40ms', 'has "rtt=40ms": expected a rate'],
  ['fixed:10bit', 'has "10bit": expected a rate'],
  ['fixed:1mbit,rtt=40', 'has "rtt=40": expected a time from 0ms to 60s, e.g. fixed:1mbit,rtt=40ms'],
  ['fixed:1mbit,rtt=61s', 'has "rtt=61s": expected a time'],
  ['fixed:1mbit,', 'has "", which is none of its parameters: expected rtt=, e.g. fixed:1mbit,rtt=40ms'],
  ['fixed:1mbit,40ms', 'has "40ms", which is none of its parameters: expected rtt='],
  ['fixed:1mbit, rtt=40ms', 'has " rtt=40ms", which is none of its parameters'],
  ['fixed:1mbit,rtt=1ms,rtt=2ms', 'has rtt= twice: expected it once'],
  ['fixed:1mbit,loss=2%', 'has "loss=2%", which is none of its parameters: expected rtt='],
  ['trace:', 'has "": expected the name of a file, without a comma, e.g. trace:drive.up,rtt=40ms'],
  [
    'rayleigh:bandwidth=1MHz,power=20dBm',
    'lacks distance=: expected a distance from 1m to 1000km, e.g. rayleigh:bandwidth=1MHz,power=20dBm,distance=200m,rtt=40ms',
  ],
  ['rayleigh:bandwidth=1MHz,power=20,distance=1m', 'has "power=20": expected a power from -100dBm to 100dBm'],
  [
    'rayleigh:bandwidth=1MHz,power=20dBm,distance=20km',
    'carries 0.64 bits a second: expected 100 or more, by more power or at less distance',
  ],
  [
    'bursty:1mbit,burst=4',
    'lacks loss=: expected a share from 0% to 99.9%, e.g. bursty:1mbit,loss=2%,burst=4,rtt=40ms',
  ],
  ['bursty:1mbit,loss=100%,burst=4', 'has "loss=100%": expected a share from 0% to 99.9%'],
  ['bursty:1mbit,loss=0.02,burst=4', 'has "loss=0.02": expected a share'],
  ['bursty:1mbit,loss=2%,burst=1', 'has "burst=1": expected 1.03 or more, which chance alone makes of 2%'],
])('%s is refused', (text, sentence) => {
  const parse = () => parseLinkSpec(text);
  expect(parse).toThrow(UsageError);
  expect(parse).toThrow(sentence);
});

test('a file that cannot be spelled is not written', () => {
  for (const file of ['', 'a,b']) {
    expect(() => formatLinkSpec({ kind: 'trace', file, roundTripMs: 40 })).toThrow(RangeError);
  }
});

test('docs/links.md shows every kind, rightly', () => {
  const page = readFileSync(new URL('../../../docs/links.md', import.meta.url), 'utf8');
  const shown = [...page.matchAll(/`((?:fixed|rayleigh|trace|bursty):[^`<]+)`/g)].map(([, text = '']) =>
    parseLinkSpec(text),
  );
  expect(new Set(shown.map(({ kind }) => kind))).toEqual(new Set(['fixed', 'rayleigh', 'trace', 'bursty']));
});
