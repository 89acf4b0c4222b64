/** What is fixed for all configurations of one run of the paper's experiment: data, epochs, sizes. */

import type { SplitPoint } from '../../../core/model/index.ts';
import { elementCount } from '../../../core/tensor/index.ts';
import { onePacketBytes } from '../../../core/wire/index.ts';
import { featureShape } from '../../networks/index.ts';
import type { TrainRecipe } from '../../training/index.ts';
import type { FrameSize } from './paper-result.ts';

/** Epochs of the steps of a training. */
export interface PaperEpochs {
  /** Passes of the teacher, a linear classifier. */
  readonly teacher: number;
  readonly attention: number;
  readonly reconstruction: number;
  /** Passes for the answer with a frozen tail (AECNN). */
  readonly task: number;
  /** Passes with a trained tail: AECNN's fine-tuning, a round of BottleNet++'s last phase. */
  readonly fineTune: number;
  /** BottleNet++ and end-to-end training: at most so many passes at a constant learning rate, until validation stops rising ... */
  readonly mostUntilPlateau: number;
  /** ... for so many passes; */
  readonly patience: number;
  /** then so many passes with a falling learning rate. */
  readonly decay: number;
}

/** Choices of one run. */
export interface PaperProtocol {
  /** `cifar10`, or the name of the folder. */
  readonly data: string;
  /** Pictures of each class in the training part and in the test part; all when absent. */
  readonly picturesPerClass?: number;
  /** Pictures of each class that compressors and tails are trained on; all when absent. The teacher learns from all. */
  readonly trainPerClass?: number;
  /** Pictures that the teacher learns from. */
  readonly trainImages: number;
  readonly compressorImages: number;
  readonly validationImages: number;
  readonly testImages: number;
  readonly batchSize: number;
  /** Share of the training part that is held back: epochs, qualities and learning rates are chosen on it. */
  readonly validationShare: number;
  readonly epochs: PaperEpochs;
  /** Share of the pictures of compressors that learning rates are chosen on where a training is long. */
  readonly learningRateShare: number;
  /** Peak of AECNN and BottleNet++ when the tail is trained too, where it is not chosen; the tail itself gets a tenth of it. */
  readonly fineTuneLearningRate: number;
  /** What differs from the recipe of every AECNN: for small trials. */
  readonly recipe?: Partial<TrainRecipe>;
  /** Learning rates that are not chosen but given, by method. */
  readonly learningRates?: Readonly<Record<string, number>>;
}

/** The protocol but for its data. */
export const paperProtocol: Omit<
  PaperProtocol,
  'data' | 'trainImages' | 'compressorImages' | 'validationImages' | 'testImages'
> = {
  trainPerClass: 15,
  batchSize: 32,
  validationShare: 0.06,
  epochs: {
    teacher: 40,
    attention: 2,
    reconstruction: 5,
    task: 5,
    fineTune: 3,
    mostUntilPlateau: 30,
    patience: 4,
    decay: 5,
  },
  learningRateShare: 0.2,
  fineTuneLearningRate: 3e-4,
};

const { trainPerClass: _all, ...withoutLimit } = paperProtocol;

/** What a newcomer runs: fewer pictures, and learning rates that are given (near those of the trials on Caltech-101), not chosen. */
export const quickProtocol: typeof paperProtocol = {
  ...withoutLimit,
  picturesPerClass: 50,
  learningRates: { aecnn: 1e-4, bottlenet: 1e-2 },
};

/** Bytes of the float32 feature map at a split point. */
export const featureBytes = (split: SplitPoint): number => 4 * elementCount(featureShape(split));

/** Most bytes of a frame: every frame's for `packet`, the mean's for the others. */
export function budgetBytes(split: SplitPoint, size: FrameSize): number {
  if (size === 'packet') return onePacketBytes;
  return size === '256x' ? Math.floor(featureBytes(split) / 256) : Number(size);
}
