/**
 * A tail that learns pictures of one codec: conv5_x and the classifier, trained on the features of pictures that went through
 * it. The rival gets our loss: cross-entropy, and distillation from the network's answer to the uncompressed picture.
 */

import type { TensorMap } from '../../../../core/tensor/index.ts';
import { klDivergence, softmaxCrossEntropy } from '../../../autodiff/index.ts';
import { roundForStorage } from '../../../build/index.ts';
import { add, input } from '../../../graph/index.ts';
import {
  accuracyOf,
  type EpochRecord,
  frozenTail,
  lastStageParameters,
  lastStageTensors,
  oneHot,
  optimize,
  rowsOf,
  rowsOfMaps,
  type StepContext,
  trainableTail,
  withoutProgress,
} from '../../../training/index.ts';
import {
  anySplit,
  openPaperCheckpoint,
  type PaperContext,
  stepContextOf,
  type Teacher,
  teacherLogitsOf,
  teacherOf,
} from '../paper-context.ts';
import type { PaperProtocol } from '../protocol.ts';
import { createStepLog, type StepLog } from '../step-log.ts';
import { trainingVersions } from '../training-versions.ts';
import { encoderSettings, type PictureCodec } from './picture-codecs.ts';
import { openPictureFeatures } from './picture-features.ts';

/** Added to the seed for the order of the samples: apart from those of the other steps. */
const adaptSeed = 30;

/** As many epochs as all steps of AECNN together. */
export const adaptedEpochs = ({ epochs }: Pick<PaperProtocol, 'epochs'>): number =>
  epochs.attention + epochs.reconstruction + epochs.task + epochs.fineTune;

/** A tail after its training. */
export interface TrainedTail {
  /** conv5_x and the classifier, rounded as a model stores them. */
  readonly tensors: TensorMap;
  /** Of the validation part after the last epoch, 0 to 1. */
  readonly accuracy: number;
  /** Of the training alone: validation is left out. */
  readonly seconds: number;
  /** The training part as the codec leaves it. */
  readonly step: StepContext;
}

/** Features of the pictures of one codec, and what is trained on them. Close it when done. */
export interface CodecTail extends AsyncDisposable {
  readonly teacher: Teacher;
  /**
   * Trains the tail from the teacher's, or takes it from its checkpoint.
   *
   * @param log - That the training counts in.
   * @throws the context's signal's reason when aborted; what was computed is kept.
   */
  train(learningRate: number, epochs: number, log?: StepLog): Promise<TrainedTail>;
}

/** Opens the pictures of a codec for the tail of a seed. */
export async function openCodecTail(context: PaperContext, codec: PictureCodec, seed: number): Promise<CodecTail> {
  const teacher = await teacherOf(context, seed);
  const features = await openPictureFeatures(context, codec, 'train');
  return {
    teacher,
    async train(learningRate, epochs, log = createStepLog()) {
      const checkpoint = openPaperCheckpoint(context, {
        method: 'adapted-pictures',
        trainingVersion: trainingVersions.adaptedPictures,
        seed,
        codec,
        encoder: encoderSettings[codec.format],
        learningRate,
        epochs,
      });
      const uncompressed = stepContextOf(context, 'conv4_x', seed, checkpoint);
      const step = { ...uncompressed, set: { ...uncompressed.set, features } };
      const { tensors, notes } = await log.run<{ accuracy: number; seconds: number }>(checkpoint, 'adapt', async () => {
        // To the uncompressed pictures.
        const answers = await teacherLogitsOf(stepContextOf(context, anySplit(context), seed, checkpoint), teacher);
        const trained = await trainTail(step, teacher.tensors, answers, learningRate, epochs);
        const { accuracy = 0, seconds = 0 } = trained.epochs.at(-1) ?? {};
        const stage = roundForStorage(lastStageTensors(step.folded, trained.parameters));
        return { tensors: stage, epochs: trained.epochs, accuracy, seconds };
      });
      return { tensors, ...notes, step };
    },
    [Symbol.asyncDispose]: () => features.close(),
  };
}

/** Logits of the frozen tail with trained tensors, `float32[samples.length, classes]`. */
export function logitsBehind(step: StepContext, tensors: TensorMap, samples: readonly number[]): Promise<Float32Array> {
  const { logits } = frozenTail(step.split, step.folded, tensors);
  return rowsOfMaps(withoutProgress(step), samples, step.set.classes, logits);
}

/** Trains conv5_x and the classifier, validated after each epoch. */
function trainTail(
  step: StepContext,
  teacher: TensorMap,
  teacherLogits: Float32Array,
  learningRate: number,
  epochs: number,
): Promise<{ readonly parameters: TensorMap; readonly epochs: readonly EpochRecord[] }> {
  const { set, recipe, folded, split } = step;
  const batchSize = Math.min(recipe.batchSize, set.train.length);
  return optimize({
    ...step,
    name: 'adapt',
    seed: recipe.seed + adaptSeed,
    epochs,
    batchSize,
    learningRate,
    samples: set.train,
    parameters: lastStageParameters(folded, teacher),
    validate: async (parameters) => {
      const logits = await logitsBehind(step, lastStageTensors(folded, parameters), set.validation);
      return accuracyOf(set, set.validation, logits);
    },
    build: (graph, trained) => {
      const maps = input(graph, 'maps', 'float32', [batchSize, ...set.features.mapShape]);
      const targets = input(graph, 'targets', 'float32', [batchSize, set.classes]);
      const answers = input(graph, 'teacher', 'float32', [batchSize, set.classes]);
      const logits = trainableTail(split, folded, trained).logits(maps);
      const distillation = klDivergence(answers, logits, recipe.distillationTemperature);
      return { loss: add(distillation, softmaxCrossEntropy(logits, targets)) };
    },
    batch: async (batch) => ({
      maps: await set.features.readMaps(batch),
      targets: oneHot(set, batch),
      teacher: rowsOf(teacherLogits, set.classes, batch),
    }),
  });
}
