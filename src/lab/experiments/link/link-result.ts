/** What each part of the link experiment leaves behind: one JSON file each, `<out>/<part>.json`. */

import type { SplitPoint } from '../../../core/model/index.ts';
import type { Provenance } from '../provenance.ts';
import type { AnswerTimes } from './answers/answer-times.ts';
import type { DeadlineSetting, LinkGrid } from './link-grid.ts';
import type { MachineScale } from './machine-times.ts';
import type { LinkMethodName } from './method-names.ts';
import type { MethodResult } from './simulation/outcome.ts';

/** The parts, in the order in which they are run. */
export const linkPartNames = ['models', 'completion', 'accuracy-in-time', 'heat-map', 'traces'] as const;

/** Name of a part. */
export type LinkPartName = (typeof linkPartNames)[number];

/** What all parts rest on, known before anything is computed. */
export interface LinkProtocol {
  /** The data set, and the hash of its split. */
  readonly data: string;
  readonly dataHash: string;
  /** Pictures that models are trained on, and those that are simulated. */
  readonly trainImages: number;
  readonly testImages: number;
  /** Of each split point that takes part: the hash of what its model is trained with, or the id of a model that was given. */
  readonly models: { readonly [Split in SplitPoint]?: string };
}

/** Every choice that the result of a part depends on. */
export interface LinkSettings {
  readonly protocol: LinkProtocol;
  /** The choices of the grid that the part reads. */
  readonly grid: Partial<LinkGrid>;
  /** sha256 of each recorded uplink, by its name; only of the part that reads them. */
  readonly traces?: Readonly<Record<string, string>>;
}

/** A split model as it was used: all parts of one experiment share the models and their times. */
export interface UsedModel {
  readonly split: SplitPoint;
  readonly modelId: string;
  /** As measured; scaled for other machines. */
  readonly timesMs: AnswerTimes;
}

/** Result of one part. */
export interface LinkResult<Name extends LinkPartName = LinkPartName> {
  readonly part: Name;
  readonly settings: LinkSettings;
  readonly models: readonly UsedModel[];
  readonly provenance: Provenance;
  /** Seconds that the part took, what was in the cache not counted. */
  readonly seconds: number;
  readonly outcome: LinkOutcomes[Name];
}

/** What each part finds out. */
export interface LinkOutcomes {
  readonly models: { readonly models: readonly ModelOutcome[] };
  readonly completion: CompletionOutcome;
  readonly 'accuracy-in-time': AccuracyOutcome;
  readonly 'heat-map': HeatMapOutcome;
  readonly traces: TracesOutcome;
}

/** What the model of one split point answers rightly, shares from 0 to 1. */
export interface ModelOutcome {
  readonly split: SplitPoint;
  /** Multiply-accumulates of the device for one picture, in thousands of millions. */
  readonly deviceGmac: number;
  readonly uncompressedAccuracy: number;
  readonly fallbackAccuracy: number;
  /**
   * With 1, 2, ... chunks of every frame, or all of those that have fewer. Who has no frame that fits a packet is answered by
   * the device, from no byte.
   */
  readonly lengths: readonly { readonly meanBytes: number; readonly accuracy: number }[];
}

/** The ways whose completion times are compared. */
export const completionWays = ['aecnn', 'raw-map', 'jpeg-equal', 'jpeg-75', 'whole-device', 'device'] as const;

/** One of {@link completionWays}. */
export type CompletionWay = (typeof completionWays)[number];

/** Completion times of single requests: no deadline, no queue. */
export interface CompletionOutcome {
  readonly ratesBitsPerSecond: readonly number[];
  readonly lines: readonly CompletionLine[];
}

/** One way on one pair of machines. */
export interface CompletionLine extends MachineScale {
  readonly way: CompletionWay;
  /** Absent where nothing is split. */
  readonly split?: SplitPoint;
  readonly meanBytes: number;
  readonly accuracy: number;
  /** What pictures are sent as. */
  readonly codec?: string;
  /** Median over the pictures, at each rate. */
  readonly p50Ms: readonly number[];
}

/** Right answers in time against the rate of a link, one deadline after the other. */
export interface AccuracyOutcome {
  readonly ratesBitsPerSecond: readonly number[];
  readonly deadlines: readonly AccuracyAtDeadline[];
}

/** All methods under one deadline. */
export interface AccuracyAtDeadline extends DeadlineSetting {
  /** Longer than usual where a device would not keep up. */
  readonly meanGapMs: number;
  readonly lines: readonly AccuracyLine[];
}

/** One method at each rate. */
export interface AccuracyLine {
  readonly method: LinkMethodName;
  /** Absent where nothing is split. */
  readonly split?: SplitPoint;
  readonly accuracyInTime: readonly number[];
  readonly answeredInTime: readonly number[];
}

/** Right answers in time for every deadline and rate. */
export interface HeatMapOutcome {
  readonly split: SplitPoint;
  readonly edgeSpeedup: number;
  readonly ratesBitsPerSecond: readonly number[];
  readonly deadlinesMs: readonly number[];
  readonly maps: readonly HeatMap[];
}

/** One method: a row for each deadline, a column for each rate. */
export interface HeatMap {
  readonly method: LinkMethodName;
  readonly deviceSlowdown: number;
  readonly accuracyInTime: readonly (readonly number[])[];
}

/** All methods over recorded uplinks. */
export interface TracesOutcome {
  readonly deadlineMs: number;
  readonly uplinks: readonly UplinkOutcome[];
}

/** All methods over one recorded uplink, to an edge of some speed. */
export interface UplinkOutcome {
  readonly name: string;
  readonly edgeSpeedup: number;
  readonly splits: readonly { readonly split: SplitPoint; readonly methods: readonly MethodResult[] }[];
  /** Methods that only concern pictures. */
  readonly pictures: readonly MethodResult[];
}
