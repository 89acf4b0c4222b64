/** What every link model is: a round trip and an uplink. docs/links.md lists the models and their spellings. */

import type { RandomSource } from '../tensor/index.ts';
import type { PacketSchedule } from './packet-schedule.ts';

/**
 * A link between a device and its edge. The uplink is what is scarce: answers are short, so the downlink has no rate, only
 * its half of the round trip.
 */
export interface LinkModel {
  /** The one spelling of this link, as `parseLinkSpec` reads it. */
  readonly spec: string;
  /** Propagation there and back, in ms. */
  readonly roundTripMs: number;
  /**
   * Starts an uplink that is idle at time 0.
   *
   * @param random - What chance there is in fading and loss; the same source state gives the same link.
   */
  createUplink(random: RandomSource): PacketSchedule;
}
