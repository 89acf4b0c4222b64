/** The uplink of a link model as TCP over it appears to its sender: packets come in order, and lost ones again. */

import { createReliableUplink, type LinkModel, type PacketSchedule } from '../../../../core/link/index.ts';
import type { RandomSource } from '../../../../core/tensor/index.ts';

/** Starts the uplink of a simulation, idle at time 0. */
export const uplinkOf = (link: LinkModel, random: RandomSource): PacketSchedule =>
  createReliableUplink(link.createUplink(random), link.roundTripMs);
