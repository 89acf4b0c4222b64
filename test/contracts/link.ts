/**
 * The behaviour that every uplink must show, as a suite over an implementation: time never runs backwards, a fork sees the
 * same future and changes nothing, and in the long run the link carries what it says.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxPacketBytes, type PacketSchedule } from '../../src/core/link/index.ts';
import { createRandom, type RandomSource } from '../../src/core/tensor/index.ts';

/** An uplink under test. */
export interface LinkSubject {
  readonly name: string;
  readonly roundTripMs: number;
  createUplink(random: RandomSource): PacketSchedule;
  /** Bits a second that arrive in the long run when there is always more to send. */
  readonly nominalBitsPerSecond: number;
  /** Whether the link below loses packets, repaired or not. */
  readonly losesPackets: boolean;
}

interface Packet {
  readonly bytes: number;
  /** How long after the packet before it. */
  readonly gapMs: number;
}

const dayMs = 86_400_000;
const gaps = fc.oneof(
  fc.constant(0),
  fc.double({ min: 0, max: 50, noNaN: true }),
  fc.integer({ min: 0, max: 10_000 }),
  fc.double({ min: 0, max: dayMs, noNaN: true }),
);
const packets: fc.Arbitrary<readonly Packet[]> = fc.array(
  fc.record({ bytes: fc.integer({ min: 1, max: maxPacketBytes }), gapMs: gaps }),
  { maxLength: 40 },
);
const seeds = fc.integer();

/** Sends all packets and returns when each was handed over and arrived. */
function sendAll(uplink: PacketSchedule, list: readonly Packet[], fromMs = 0) {
  let nowMs = fromMs;
  return list.map(({ bytes, gapMs }) => {
    nowMs += gapMs;
    return { nowMs, arrivalMs: uplink.send(bytes, nowMs) };
  });
}

const arrivalsOf = (...args: Parameters<typeof sendAll>) => sendAll(...args).map(({ arrivalMs }) => arrivalMs);

/** The contract: what must hold, and the check of it, which throws when it does not. */
export const linkContract: Readonly<Record<string, (subject: LinkSubject) => void>> = {
  'delivers nothing before half a round trip has passed': ({ createUplink, roundTripMs }) => {
    fc.assert(
      fc.property(packets, seeds, (list, seed) => {
        for (const { nowMs, arrivalMs } of sendAll(createUplink(createRandom(seed)), list)) {
          expect(arrivalMs).toBeGreaterThanOrEqual(nowMs + roundTripMs / 2);
        }
      }),
    );
  },

  'keeps the order of the packets': ({ createUplink }) => {
    fc.assert(
      fc.property(packets, seeds, (list, seed) => {
        const arrived = arrivalsOf(createUplink(createRandom(seed)), list).filter(Number.isFinite);
        expect(arrived).toEqual([...arrived].sort((a, b) => a - b));
      }),
    );
  },

  'is the same link for an equal random source': ({ createUplink }) => {
    fc.assert(
      fc.property(packets, seeds, (list, seed) => {
        const [one, other] = [seed, seed].map((equal) => arrivalsOf(createUplink(createRandom(equal)), list));
        expect(one).toEqual(other);
      }),
    );
  },

  'forks into a link with the same future': ({ createUplink }) => {
    fc.assert(
      fc.property(packets, packets, seeds, fc.boolean(), (past, future, seed, forkFirst) => {
        const origin = createUplink(createRandom(seed));
        const nowMs = sendAll(origin, past).at(-1)?.nowMs ?? 0;
        const fork = origin.fork();
        const [one, other] = (forkFirst ? [fork, origin] : [origin, fork]).map((link) =>
          arrivalsOf(link, future, nowMs),
        );
        expect(one).toEqual(other);
      }),
    );
  },

  'is not disturbed by its forks': ({ createUplink }) => {
    fc.assert(
      fc.property(packets, packets, packets, seeds, (past, elsewhere, future, seed) => {
        const run = (looksAhead: boolean): number[] => {
          const uplink = createUplink(createRandom(seed));
          const nowMs = sendAll(uplink, past).at(-1)?.nowMs ?? 0;
          if (looksAhead) sendAll(uplink.fork().fork(), elsewhere, nowMs);
          return arrivalsOf(uplink, future, nowMs);
        };
        expect(run(true)).toEqual(run(false));
      }),
    );
  },

  'carries its nominal rate in the long run, to 5 %': ({ createUplink, nominalBitsPerSecond, roundTripMs }) => {
    // Packets of any size, ten minutes' worth and at least 2,000.
    const random = createRandom(7);
    const uplink = createUplink(random);
    const wantedBits = Math.max(600 * nominalBitsPerSecond, 2000 * 4 * maxPacketBytes);
    let bits = 0;
    let lastMs = 0;
    while (bits < wantedBits) {
      const bytes = 1 + random.below(maxPacketBytes);
      const arrivalMs = uplink.send(bytes, 0);
      if (arrivalMs === Number.POSITIVE_INFINITY) continue;
      bits += 8 * bytes;
      lastMs = arrivalMs;
    }
    const ratio = bits / ((lastMs - roundTripMs / 2) / 1000) / nominalBitsPerSecond;
    expect(ratio).toBeGreaterThan(0.95);
    expect(ratio).toBeLessThan(1.05);
  },

  'takes no time to skip days': ({ createUplink }) => {
    const uplink = createUplink(createRandom(3));
    const startMs = performance.now();
    for (const days of [1, 10, 1000, 10_000]) uplink.send(1, days * dayMs);
    expect(performance.now() - startMs).toBeLessThan(1000);
  },
};

/** One more for links that lose nothing: on others, packets of other sizes meet other losses. */
export const losslessLinkContract: typeof linkContract = {
  'delivers no earlier what is behind larger packets': ({ createUplink }) => {
    fc.assert(
      fc.property(packets, seeds, fc.integer({ min: 0, max: maxPacketBytes }), (list, seed, moreBytes) => {
        const larger = list.map(({ bytes, gapMs }) => ({ gapMs, bytes: Math.min(bytes + moreBytes, maxPacketBytes) }));
        const arrivals = arrivalsOf(createUplink(createRandom(seed)), list);
        for (const [i, arrivalMs] of arrivalsOf(createUplink(createRandom(seed)), larger).entries()) {
          expect(arrivalMs).toBeGreaterThanOrEqual((arrivals[i] as number) - 1e-6);
        }
      }),
    );
  },
};

/** Declares the contract as a suite for one uplink. */
export function describeLink(subject: LinkSubject): void {
  describe(`link contract: ${subject.name}`, () => {
    const lines = subject.losesPackets ? linkContract : { ...linkContract, ...losslessLinkContract };
    for (const [name, check] of Object.entries(lines)) test(name, () => check(subject));
  });
}
