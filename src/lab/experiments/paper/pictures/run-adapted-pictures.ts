/** The picture itself with a network that knows such pictures: as many epochs as all steps of ours together. */

import { accuracyOf } from '../../../training/index.ts';
import { type PaperContext, testContextOf } from '../paper-context.ts';
import type { PaperResult, TunedLearningRate } from '../paper-result.ts';
import { createStepLog } from '../step-log.ts';
import { frameBytesOf, testMeasure } from '../test-measure.ts';
import { adaptedEpochs, logitsBehind, openCodecTail } from './codec-tail.ts';
import { openPictureNetwork } from './picture-answers.ts';
import { defaultPictureGrid, type PictureGrid } from './picture-choice.ts';
import { codecName, encoderSettings, type PictureCodec } from './picture-codecs.ts';
import { openPictureFeatures } from './picture-features.ts';

/** One adapted network. */
export interface AdaptedPicturesOptions {
  /** Mean bytes of a picture that the codec was chosen for. */
  readonly budgetBytes: number;
  readonly codec: PictureCodec;
  readonly seed: number;
  readonly learningRate: number;
}

/** Adapts the tail to a codec and measures both tails; a run that was broken off goes on where it was. */
export async function runAdaptedPictures(
  context: PaperContext,
  { budgetBytes, codec, seed, learningRate }: AdaptedPicturesOptions,
  grid: Pick<PictureGrid, 'sampledPictures' | 'validationPictures'> = defaultPictureGrid,
): Promise<Omit<PaperResult, 'id' | 'provenance'>> {
  await using network = await openPictureNetwork(context, seed, grid);
  await using tail = await openCodecTail(context, codec, seed);
  const epochs = adaptedEpochs(context.protocol);
  const log = createStepLog();
  log.add('teacher', tail.teacher.seconds);
  const { tensors, step } = await tail.train(learningRate, epochs, log);

  const held = await network.answer('validation', codec);
  const heldBytes = frameBytesOf(held.bytes);
  const { set } = step;
  const accuracyAfter = accuracyOf(set, network.validation, await logitsBehind(step, tensors, network.validation));
  // The test part is read here, once, after all choices.
  const sent = await network.answer('test', codec);
  await using testFeatures = await openPictureFeatures(context, codec, 'test');
  const whole = testContextOf(context, step);
  const test = { ...whole, set: { ...whole.set, features: testFeatures } };
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
    notes: { classes: context.dataset.classes.length },
  };
}

/** Adapts the tail to a codec at several learning rates; never reads the test part. */
export async function tuneAdaptedPictures(
  context: PaperContext,
  { codec, seed }: Pick<AdaptedPicturesOptions, 'codec' | 'seed'>,
  learningRates: readonly number[],
): Promise<TunedLearningRate[]> {
  await using tail = await openCodecTail(context, codec, seed);
  const tuned: TunedLearningRate[] = [];
  for (const learningRate of learningRates) {
    const { accuracy, seconds } = await tail.train(learningRate, adaptedEpochs(context.protocol));
    tuned.push({ learningRate, accuracy, seconds });
  }
  return tuned;
}
