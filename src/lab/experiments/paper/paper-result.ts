/** What one configuration of the paper's experiment leaves behind: one JSON file each, `<out>/<id>.json`. */

import type { SplitPoint } from '../../../core/model/index.ts';
import type { Provenance } from '../provenance.ts';

/** What is compared. */
export type PaperMethod =
  | 'uncompressed'
  | 'aecnn'
  | 'bottlenet'
  | 'pictures'
  | 'adapted-codec'
  | 'adapted-pictures'
  | 'learning-rates';

/** Sizes in bytes that AECNN has frames of to be compared with pictures: the mean of a frame at most. */
export const byteSizes = ['2000', '1000', '500', '250'] as const;

/** One of {@link byteSizes}. */
export type ByteSize = (typeof byteSizes)[number];

/**
 * How large a frame may be: 256 times smaller than the float32 feature map, one packet of 1,200 bytes, or a mean of so many
 * bytes (as the pictures are compared at).
 */
export type FrameSize = '256x' | 'packet' | ByteSize;

/** Bytes of the frames of all test pictures, headers included. */
export interface FrameBytes {
  readonly mean: number;
  readonly max: number;
}

/** One way to send the same thing, measured on the test part. Shares from 0 to 1. */
export interface TestMeasure {
  /**
   * Which way: `entropy coded`, `raw bits`, `deflate` (the same answers, other bytes), `tail frozen`, `all trained`,
   * `webp 500 bytes`, ...
   */
  readonly name: string;
  readonly bytes: FrameBytes;
  readonly accuracy: number;
  /** Accuracy of each class, in the order of the data set's classes. */
  readonly perClass: readonly number[];
  /** `1` for each test picture that was answered rightly, `0` for the others, in the order of the test part. */
  readonly right: string;
}

/** A moment of a training: validation accuracy (0 to 1) after so many seconds of all its steps. */
export interface TrainingMoment {
  readonly step: string;
  readonly seconds: number;
  readonly accuracy: number;
}

/** How a learning rate did. */
export interface TunedLearningRate {
  readonly learningRate: number;
  /** Of the validation part, 0 to 1. */
  readonly accuracy: number;
  readonly seconds: number;
}

/** Result of one configuration. */
export interface PaperResult {
  readonly id: string;
  readonly method: PaperMethod;
  /** Absent for pictures, which the whole network answers. */
  readonly split?: SplitPoint;
  readonly size?: FrameSize;
  readonly seed: number;
  /** Every choice that the result depends on, as the run was given it. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly provenance: Provenance;
  /** Seconds of each step of the training; those that other configurations share are counted in full. */
  readonly steps: readonly { readonly name: string; readonly seconds: number }[];
  /** Sum of the steps. */
  readonly trainingSeconds: number;
  /** In time order; empty where nothing is trained. */
  readonly history: readonly TrainingMoment[];
  readonly validation: readonly { readonly name: string; readonly accuracy: number; readonly bytes?: FrameBytes }[];
  /** The test part is read once a configuration. */
  readonly test: readonly TestMeasure[];
  /** What else a document may show, by name. */
  readonly notes: Readonly<Record<string, unknown>>;
}
