/**
 * A link of fixed rate that loses packets in bursts: it changes between two states, of which the good one loses nothing and
 * the bad one everything. One step takes as long as a full packet:
 *
 *     good ── p / (b * (1 - p)) ──► bad          p: share of packets lost
 *     good ◄──────── 1 / b ──────── bad          b: mean length of a burst, in full packets
 *
 * Gilbert, "Capacity of a burst-noise channel", 1960; Elliott, "Estimates of error rates for codes on burst-noise channels",
 * 1963, lets both states lose some.
 *
 * Departs from the usual chain of one step a packet: this one also walks while nothing is sent, because radio does not wait,
 * and because a packet that TCP repeats after 200 ms would else meet the very next step of a burst.
 */

import type { RandomSource } from '../tensor/index.ts';
import { createFixedRateUplink, type FixedRate } from './fixed-rate-link.ts';
import { maxPacketBytes, type PacketSchedule } from './packet-schedule.ts';
import { createRandomSequence } from './random-sequence.ts';

/** A fixed rate, and how much and how it loses. */
export interface BurstyLoss extends FixedRate {
  /** Share of all packets that get lost, from 0 to below 1. */
  readonly lossProbability: number;
  /** Mean number of full packets that get lost in a row when the link is busy, at least {@link leastBurstPackets}. */
  readonly meanBurstPackets: number;
}

/** Mean length of the bursts that come about by chance alone, when each packet is lost independently. */
export function leastBurstPackets(lossProbability: number): number {
  return 1 / (1 - lossProbability);
}

/**
 * Makes an uplink on which a lost packet takes the time to send it all the same.
 *
 * @throws {@link RangeError} when a parameter is not what its comment says.
 */
export function createBurstyLossUplink(link: BurstyLoss, random: RandomSource): PacketSchedule {
  const { lossProbability, meanBurstPackets } = link;
  if (!(lossProbability >= 0 && lossProbability < 1)) {
    throw new RangeError(`lossProbability must be from 0 to below 1, got ${lossProbability}`);
  }
  const least = leastBurstPackets(lossProbability);
  if (!(meanBurstPackets >= least)) {
    throw new RangeError(`meanBurstPackets must be at least ${least}, got ${meanBurstPackets}`);
  }
  const stepMs = (8000 * maxPacketBytes) / link.rateBitsPerSecond;
  /** Second eigenvalue of the chain: what one step leaves of the knowledge of its state. */
  const memory = Math.max(0, 1 - least / meanBurstPackets);
  const sequence = createRandomSequence(random);

  const after = (rate: PacketSchedule, packets: number, lastMs: number, wasBad: boolean): PacketSchedule => {
    let sent = packets;
    let seenMs = lastMs;
    let bad = wasBad;
    return {
      send(packetBytes, nowMs) {
        const arrivalMs = rate.send(packetBytes, nowMs);
        const known = memory ** ((arrivalMs - seenMs) / stepMs);
        const badProbability = lossProbability * (1 - known) + (bad ? known : 0);
        bad = sequence(sent++) < badProbability;
        seenMs = arrivalMs;
        return bad ? Number.POSITIVE_INFINITY : arrivalMs;
      },
      fork: () => after(rate.fork(), sent, seenMs, bad),
    };
  };
  // Never seen before: the first packet is lost with the mean probability.
  return after(createFixedRateUplink(link), 0, Number.NEGATIVE_INFINITY, false);
}
