/** What the link experiment varies. One object, so that a result says what it was run with, and a test can run less. */

import { type MachineScale, thisMachine } from './machine-times.ts';
import { defaultRequests } from './simulation/scenario.ts';

/** A deadline, when its clock starts, and the machines that must keep it. */
export interface DeadlineSetting extends MachineScale {
  readonly clockStarts: 'end-to-end' | 'network';
  readonly deadlineMs: number;
}

/** Links, machines, deadlines and how many requests meet them. */
export interface LinkGrid {
  /** Rates of the fixed links, rising. */
  readonly ratesBitsPerSecond: readonly number[];
  /** Round trip of all links, recorded ones too. */
  readonly roundTripMs: number;
  /** Of completion times without a deadline. */
  readonly machines: readonly MachineScale[];
  /** Of accuracy in time against the rate. */
  readonly deadlines: readonly DeadlineSetting[];
  /** Deadlines of the heat map, rising; their clock starts with the network. */
  readonly heatDeadlinesMs: readonly number[];
  /** How much slower than this machine the device is that computes the whole network in the heat map, one map each. */
  readonly heatSlowdowns: readonly number[];
  readonly heatEdgeSpeedup: number;
  /** Deadline over recorded uplinks; its clock starts with the network. */
  readonly traceDeadlineMs: number;
  readonly traceEdgeSpeedups: readonly number[];
  /** Requests on each fixed link, and on each recorded uplink. */
  readonly requests: number;
  readonly traceRequests: number;
  readonly meanGapMs: number;
  /** Of requests and links. */
  readonly seed: number;
}

/** The grid of the documents. */
export const linkGrid: LinkGrid = {
  ratesBitsPerSecond: [20e3, 30e3, 50e3, 80e3, 130e3, 200e3, 500e3, 1e6, 2e6, 5e6, 10e6, 30e6, 100e6],
  roundTripMs: 40,
  machines: [
    thisMachine,
    { deviceSlowdown: 8, edgeSpeedup: 1 },
    { deviceSlowdown: 1, edgeSpeedup: 8 },
    { deviceSlowdown: 8, edgeSpeedup: 8 },
  ],
  deadlines: [
    { clockStarts: 'network', deadlineMs: 100, ...thisMachine },
    { clockStarts: 'network', deadlineMs: 100, deviceSlowdown: 1, edgeSpeedup: 8 },
    { clockStarts: 'end-to-end', deadlineMs: 200, ...thisMachine },
    { clockStarts: 'end-to-end', deadlineMs: 1000, deviceSlowdown: 8, edgeSpeedup: 1 },
  ],
  heatDeadlinesMs: [50, 70, 100, 150, 200, 300, 500, 1000],
  heatSlowdowns: [1, 8],
  // Where the edge is no faster than this machine, a picture's 100 ms are over before its link matters.
  heatEdgeSpeedup: 8,
  traceDeadlineMs: 100,
  traceEdgeSpeedups: [1, 8],
  requests: 1000,
  traceRequests: defaultRequests.requests,
  meanGapMs: defaultRequests.meanGapMs,
  seed: defaultRequests.seed,
};
