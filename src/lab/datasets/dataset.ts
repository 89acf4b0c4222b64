/** What every data set is: classes, a training part, a test part, and samples that load themselves. */

/** One picture with its class. */
export interface Sample {
  /** Unique in the data set and stable over runs: `class/file` of a folder, `train/00042` of CIFAR-10. */
  readonly id: string;
  /** Position of the class in {@link Dataset.classes}. */
  readonly label: number;
  /** Decodes the picture to the network's input: `224 * 224 * 3` bytes, RGB interleaved, rows first. */
  readonly load: () => Promise<Uint8Array>;
}

/** Which rule made the two parts. */
export type SplitProtocol = 'folder' | 'cifar10' | 'joined';

/** A data set, split into a training and a test part. */
export interface Dataset {
  /** What to call it in reports: the folder's name, or `cifar10`. */
  readonly name: string;
  readonly protocol: SplitProtocol;
  readonly classes: readonly string[];
  /** Class by class; within a class in the order of the split. */
  readonly train: readonly Sample[];
  readonly test: readonly Sample[];
  /** sha256 (hex) of the whole split: see {@link splitHash}. The same for every `limitPerClass`. */
  readonly hash: string;
  /**
   * Changes when a picture may have changed: of names, sizes and times of modification for a folder. For caches on one
   * machine; unlike `hash` it does not follow the pictures to another.
   */
  readonly fingerprint: string;
  readonly seed: number;
  /** Most samples of a class in each part; all when absent. */
  readonly limitPerClass?: number;
}

/** What part of a data set to open, and how to split it. */
export interface DatasetOptions {
  /** Seed of the split; 0 when left out. CIFAR-10 comes split and only records it. */
  readonly seed?: number;
  /** Keeps the first so many samples of each class in each part. */
  readonly limitPerClass?: number;
}
