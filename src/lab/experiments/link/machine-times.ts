/** Measured times, scaled to other machines than this one. */

import type { AnswerTimes } from './answers/answer-times.ts';
import type { MachineTimes } from './simulation/scenario.ts';

/** How much slower the device and how much faster the edge is than the machine that was measured. */
export interface MachineScale {
  readonly deviceSlowdown: number;
  readonly edgeSpeedup: number;
}

/** Both ends as fast as the machine that was measured. */
export const thisMachine: MachineScale = { deviceSlowdown: 1, edgeSpeedup: 1 };

/** Scales what was measured. */
export const machineTimes = (
  { device, fallback, edge, wholeNetwork }: AnswerTimes,
  { deviceSlowdown, edgeSpeedup }: MachineScale,
): MachineTimes => ({
  device: deviceSlowdown * device,
  fallback: deviceSlowdown * fallback,
  edge: edge / edgeSpeedup,
  wholeOnEdge: wholeNetwork / edgeSpeedup,
  wholeOnDevice: deviceSlowdown * wholeNetwork,
});
