/**
 * A recorded uplink, played back from its beginning at time 0 and again whenever it ends.
 *
 * Opportunities are used as mahimahi's `mm-link` uses them (Netravali et al., USENIX ATC 2015, section 3, and its
 * `LinkQueue`): each carries the next 1,500 bytes of what waits, several small packets or a part of one, and is lost with
 * what it does not use; a packet leaves with its last byte. The twist: only what was handed over before the moment of an
 * opportunity can use it, not what comes at that very moment.
 *
 * Departs from mahimahi, where an opportunity carries 1,504 bytes, since its virtual devices put 4 in front of each packet.
 */

import { maxPacketBytes, type PacketSchedule } from './packet-schedule.ts';
import { createSerialSchedule, requireRoundTrip, type Transmission } from './serial-schedule.ts';
import type { OpportunityTrace, RateTrace, Trace } from './trace.ts';

/**
 * Makes an uplink that plays a trace; a packet arrives half the round trip after it left.
 *
 * @param roundTripMs - Propagation there and back, in ms.
 * @throws {@link RangeError} when `roundTripMs` is not 0 or more.
 */
export function createTraceUplink(trace: Trace, roundTripMs: number): PacketSchedule {
  return trace.kind === 'opportunities'
    ? createOpportunityUplink(trace, roundTripMs)
    : createSerialSchedule(rateTransmission(trace), roundTripMs);
}

function createOpportunityUplink({ atMs, periodMs }: OpportunityTrace, roundTripMs: number): PacketSchedule {
  requireRoundTrip(roundTripMs);
  const perPeriod = atMs.length;

  /** Opportunities are numbered through all repetitions. */
  function timeOf(opportunity: number): number {
    const place = opportunity % perPeriod;
    return ((opportunity - place) / perPeriod) * periodMs + (atMs[place] as number);
  }
  function firstAfter(nowMs: number): number {
    const { periods, rest: restMs } = divide(nowMs, periodMs);
    // The last is at the end of the period, so there is one.
    return periods * perPeriod + firstIndex(perPeriod, (i) => (atMs[i] as number) > restMs);
  }

  const after = (opportunity: number, bytes: number): PacketSchedule => {
    let current = opportunity;
    let bytesLeft = bytes;
    return {
      send(packetBytes, nowMs) {
        if (timeOf(current) <= nowMs) {
          current = firstAfter(nowMs);
          bytesLeft = maxPacketBytes;
        }
        bytesLeft -= packetBytes;
        while (bytesLeft < 0) {
          current++;
          bytesLeft += maxPacketBytes;
        }
        return timeOf(current) + roundTripMs / 2;
      },
      fork: () => after(current, bytesLeft),
    };
  };
  return after(0, maxPacketBytes);
}

/**
 * A packet this many bits short of whole counts as whole: rounding must not push a last bit, which leaves just before an
 * outage, behind it.
 */
const roundingBits = 2 ** -10;

/** Inverts the bits that could have left since the beginning, a function of time that never falls. */
function rateTransmission({ fromMs, rateBitsPerSecond, periodMs }: RateTrace): Transmission {
  const rates = fromMs.length;
  const bitsPerMs = (i: number): number => (rateBitsPerSecond[i] as number) / 1000;
  const startOf = (i: number): number => (i < rates ? (fromMs[i] as number) : periodMs);
  /** Bits of a period that could have left before each rate begins, and at its end. */
  const bitsBefore = new Float64Array(rates + 1);
  for (let i = 0; i < rates; i++) {
    bitsBefore[i + 1] = (bitsBefore[i] as number) + bitsPerMs(i) * (startOf(i + 1) - startOf(i));
  }
  const bitsOfPeriod = bitsBefore[rates] as number;

  return (packetBytes, startMs) => {
    const { periods, rest: startRestMs } = divide(startMs, periodMs);
    const first = firstIndex(rates, (i) => startOf(i + 1) > startRestMs);
    const before = (bitsBefore[first] as number) + bitsPerMs(first) * (startRestMs - startOf(first));
    const { periods: more, rest: bits } = divide(before + 8 * packetBytes - roundingBits, bitsOfPeriod);
    const last = firstIndex(rates, (i) => (bitsBefore[i + 1] as number) > bits);
    const lastMs = startOf(last) + (bits - (bitsBefore[last] as number)) / bitsPerMs(last);
    return (periods + more) * periodMs + lastMs;
  };
}

/** How often a period fits into a value, and what is left of it: exact, as `Math.floor(value / period)` is not. */
function divide(value: number, period: number): { readonly periods: number; readonly rest: number } {
  const rest = value % period;
  return { periods: Math.round((value - rest) / period), rest };
}

/** The first index from which a condition holds up to `length - 1`, where it must hold; by bisection. */
function firstIndex(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
