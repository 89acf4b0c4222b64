/**
 * The picture itself with a network that knows such pictures: conv5_x and the classifier trained on pictures that went through
 * a codec.
 *
 * The rival gets our loss (cross-entropy, and distillation from the network's answer to the uncompressed picture), as many
 * epochs as all steps of ours together, and a learning rate chosen for each budget on the validation part.
 */

import type { TensorMap } from '../../../../core/tensor/index.ts';
import { klDivergence, softmaxCrossEntropy } from '../../../autodiff/index.ts';
import { roundForStorage } from '../../../build/index.ts';
import { add, input } from '../../../graph/index.ts';
import {
  accuracyOf,
  frozenTail,
  lastStageParameters,
  lastStageTensors,
  type OptimizeResult,
  oneHot,
  optimize,
  rowsOf,
  rowsOfMaps,
  type StepContext,
  trainableTail,
  withoutProgress,
  withShare,
} from '../../../training/index.ts';
import { bestLearningRate } from '../best-learning-rate.ts';
import {
  openPaperCheckpoint,
  type PaperContext,
  stepContextOf,
  teacherLogitsOf,
  testContextOf,
} from '../paper-context.ts';
import type { PaperResult } from '../paper-result.ts';
import { createStepLog } from '../step-log.ts';
import { frameBytesOf, testMeasure } from '../test-measure.ts';
import { trainingVersions } from '../training-versions.ts';
import { openPictureNetwork } from './picture-answers.ts';
import { defaultPictureGrid, type PictureGrid } from './picture-choice.ts';
import { codecName, encoderSettings, type PictureCodec } from './picture-codecs.ts';
import { openPictureFeatures } from './picture-features.ts';

/** Learning rates that are tried for one epoch on a share of the training part. */
export const adaptedLearningRates: readonly number[] = [2e-5, 5e-5, 1e-4, 2e-4];

/** Added to the seed for the order of the samples: apart from those of the other steps. */
const adaptSeed = 30;

/** One adapted network. */
export interface AdaptedPicturesOptions {
  /** Mean bytes of a picture that the codec was chosen for. */
  readonly budgetBytes: number;
  readonly codec: PictureCodec;
  readonly seed: number;
}

/** One training of the tail. */
interface Adaptation {
  readonly name: string;
  readonly samples: readonly number[];
  readonly epochs: number;
  readonly learningRate: number;
}

/** Adapts the tail to a codec and measures both tails; a run that was broken off goes on where it was. */
export async function runAdaptedPictures(
  context: PaperContext,
  { budgetBytes, codec, seed }: AdaptedPicturesOptions,
  grid: Pick<PictureGrid, 'sampledPictures' | 'validationPictures'> = defaultPictureGrid,
): Promise<Omit<PaperResult, 'id' | 'provenance'>> {
  const { protocol, dataset } = context;
  await using network = await openPictureNetwork(context, seed, grid);
  await using trainFeatures = await openPictureFeatures(context, codec, 'train');
  const { teacher } = network;
  const checkpoint = openPaperCheckpoint(context, {
    method: 'adapted-pictures',
    trainingVersion: trainingVersions.adaptedPictures,
    seed,
    codec,
    encoderSettings,
  });
  const teacherLogits = await teacherLogitsOf(network.step, teacher);
  const uncompressed = stepContextOf(context, 'conv4_x', seed, checkpoint);
  const step: StepContext = { ...uncompressed, set: { ...uncompressed.set, features: trainFeatures } };
  const adapt = (adaptation: Adaptation) => adaptTail(step, teacher.tensors, teacherLogits, adaptation);

  const share = withShare(step, protocol.learningRateShare).set.train;
  const tried: { learningRate: number; accuracy: number }[] = [];
  for (const learningRate of adaptedLearningRates) {
    const name = `learning-rate-${learningRate}`;
    // Beside the log of the run: no method's search counts as its training.
    const { notes } = await createStepLog().run<{ accuracy: number }>(checkpoint, name, async () => {
      const { epochs } = await adapt({ name, samples: share, epochs: 1, learningRate });
      return { tensors: {}, accuracy: epochs.at(-1)?.accuracy ?? 0 };
    });
    tried.push({ learningRate, accuracy: notes.accuracy });
  }
  const learningRate = bestLearningRate(tried);

  const log = createStepLog();
  log.add('teacher', teacher.seconds);
  const { attention, reconstruction, task, fineTune } = protocol.epochs;
  const epochs = attention + reconstruction + task + fineTune;
  const { tensors } = await log.run(checkpoint, 'adapt', async () => {
    const trained = await adapt({ name: 'adapt', samples: step.set.train, epochs, learningRate });
    const stage = roundForStorage(lastStageTensors(step.folded, trained.parameters));
    return { tensors: stage, epochs: trained.epochs };
  });

  const held = await network.answer('validation', codec);
  const heldBytes = frameBytesOf(held.bytes);
  const { set } = step;
  const accuracyAfter = accuracyOf(set, network.validation, await logitsBehind(step, tensors, network.validation));
  // The test part is read here, once, after all choices.
  const sent = await network.answer('test', codec);
  await using testFeatures = await openPictureFeatures(context, codec, 'test');
  const whole = testContextOf(context, step);
  const test: StepContext = { ...whole, set: { ...whole.set, features: testFeatures } };
  const adapted = await logitsBehind(test, tensors, test.set.validation);
  const name = codecName(codec);
  return {
    method: 'adapted-pictures',
    seed,
    settings: { budgetBytes, codec, encoderSettings: encoderSettings[codec.format], learningRate, epochs },
    ...log.result(),
    validation: [
      { name, accuracy: accuracyOf(set, network.validation, held.logits), bytes: heldBytes },
      { name: `adapted ${name}`, accuracy: accuracyAfter, bytes: heldBytes },
    ],
    test: [
      testMeasure(`adapted ${name}`, test.set, adapted, sent.bytes),
      testMeasure(name, test.set, sent.logits, sent.bytes),
    ],
    notes: { budgetBytes, ...codec, learningRate, learningRates: tried, classes: dataset.classes.length },
  };
}

/** Logits of the frozen tail with trained tensors, `float32[samples.length, classes]`. */
function logitsBehind(step: StepContext, tensors: TensorMap, samples: readonly number[]): Promise<Float32Array> {
  const { logits } = frozenTail(step.split, step.folded, tensors);
  return rowsOfMaps(withoutProgress(step), samples, step.set.classes, logits);
}

/** Trains conv5_x and the classifier on the features of compressed pictures, validated after each epoch. */
function adaptTail(
  step: StepContext,
  teacher: TensorMap,
  teacherLogits: Float32Array,
  { name, samples, epochs, learningRate }: Adaptation,
): Promise<OptimizeResult> {
  const { set, recipe, folded, split } = step;
  const batchSize = Math.min(recipe.batchSize, samples.length);
  return optimize({
    ...step,
    name,
    seed: recipe.seed + adaptSeed,
    epochs,
    batchSize,
    learningRate,
    samples,
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
