/**
 * A wireless uplink without line of sight: Shannon capacity over log-distance path loss and Rayleigh block fading.
 *
 *     SNR = transmit power - path loss(distance) - thermal noise(bandwidth) - noise figure        (mean, in dB)
 *     rate(block) = bandwidth * log2(1 + gain(block) * SNR),   gain ~ exponential with mean 1, anew for each coherence time
 *
 * Shannon, "Communication in the presence of noise", 1949; Goldsmith, "Wireless Communications", 2005: section 2.6 (path
 * loss), 3.2 (fading) and 4.2 (capacity when the receiver knows the channel).
 *
 * The twist: the sender always uses exactly the capacity of the moment. So nothing is lost, a fade only takes long, and real
 * modems do worse.
 */

import type { RandomSource } from '../tensor/index.ts';
import type { PacketSchedule } from './packet-schedule.ts';
import { createRandomSequence } from './random-sequence.ts';
import { createSerialSchedule } from './serial-schedule.ts';

/** Radio and surroundings. */
export interface RayleighFading {
  readonly bandwidthHz: number;
  readonly transmitPowerDbm: number;
  /** At least 1: the path loss is known at 1 m and grows from there. */
  readonly distanceM: number;
  /** Path loss grows by ten times this, in dB, for each tenfold distance: 2 in free space, 3 to 4 in towns and buildings. */
  readonly pathLossExponent: number;
  /** Path loss at 1 m: 40 dB at 2.4 GHz (free space). */
  readonly referenceLossDb: number;
  /** What the receiver's own noise adds to the thermal noise. */
  readonly noiseFigureDb: number;
  /** How long a gain lasts, at least 1: about 50 ms at walking speed and 2.4 GHz. */
  readonly coherenceMs: number;
  /** Propagation there and back, in ms. */
  readonly roundTripMs: number;
}

/** Thermal noise of 1 Hz at room temperature (290 K), in dBm. */
const thermalNoiseDbmPerHz = -174;

/** Mean capacity below which a link is refused: a packet would take minutes, and so would computing it. */
export const leastCapacityBitsPerSecond = 100;

/** Ratio of signal to noise at the mean gain, in dB. */
export function meanSnrDb(link: Omit<RayleighFading, 'coherenceMs' | 'roundTripMs'>): number {
  const pathLossDb = link.referenceLossDb + 10 * link.pathLossExponent * Math.log10(link.distanceM);
  const noiseDbm = thermalNoiseDbmPerHz + 10 * Math.log10(link.bandwidthHz) + link.noiseFigureDb;
  return link.transmitPowerDbm - pathLossDb - noiseDbm;
}

/** Mean of the capacity over all gains, in bits a second: what the link carries in the long run. Good to 0.1 %. */
export function ergodicCapacityBitsPerSecond(link: Omit<RayleighFading, 'coherenceMs' | 'roundTripMs'>): number {
  const snr = 10 ** (meanSnrDb(link) / 10);
  const quantiles = 4096;
  let sum = 0;
  for (let i = 0; i < quantiles; i++) sum += capacity(link.bandwidthHz, snr * gainOf((i + 0.5) / quantiles));
  return sum / quantiles;
}

/**
 * Makes an uplink on which a packet takes as long as the capacities of the blocks it meets need for its bits, then half the
 * round trip.
 *
 * @throws {@link RangeError} when a parameter is not what its comment says, or the mean capacity is below
 * {@link leastCapacityBitsPerSecond}.
 */
export function createRayleighUplink(link: RayleighFading, random: RandomSource): PacketSchedule {
  const { bandwidthHz, distanceM, coherenceMs, roundTripMs } = link;
  if (!(distanceM >= 1)) throw new RangeError(`distanceM must be at least 1, got ${distanceM}`);
  if (!(coherenceMs >= 1)) throw new RangeError(`coherenceMs must be at least 1, got ${coherenceMs}`);
  const capacityBitsPerSecond = ergodicCapacityBitsPerSecond(link);
  if (!(capacityBitsPerSecond >= leastCapacityBitsPerSecond)) {
    throw new RangeError(
      `the link must carry at least ${leastCapacityBitsPerSecond} bits a second, this one does ${capacityBitsPerSecond}`,
    );
  }
  const snr = 10 ** (meanSnrDb(link) / 10);
  const sequence = createRandomSequence(random);

  function transmission(packetBytes: number, startMs: number): number {
    let bits = 8 * packetBytes;
    let fromMs = startMs;
    for (let block = Math.floor(startMs / coherenceMs); ; block++) {
      const endMs = (block + 1) * coherenceMs;
      const bitsPerMs = capacity(bandwidthHz, snr * gainOf(sequence(block))) / 1000;
      const blockBits = bitsPerMs * (endMs - fromMs);
      if (bits <= blockBits) return fromMs + bits / bitsPerMs;
      bits -= blockBits;
      fromMs = endMs;
    }
  }
  return createSerialSchedule(transmission, roundTripMs);
}

function capacity(bandwidthHz: number, snr: number): number {
  return bandwidthHz * Math.log1p(snr) * Math.LOG2E;
}

/** The exponential distribution with mean 1, by its quantiles: `share` in [0, 1). */
function gainOf(share: number): number {
  return -Math.log1p(-share);
}
