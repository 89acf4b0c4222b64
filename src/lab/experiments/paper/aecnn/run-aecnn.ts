/** AECNN in the paper's experiment: one split point, one size of frame, one seed; also its ablations at conv4_x. */

import { accuracyOf, frozenTail, type StepContext, withoutProgress } from '../../../training/index.ts';
import { type PaperContext, type Teacher, teacherLogitsOf, testContextOf } from '../paper-context.ts';
import type { PaperResult, TunedLearningRate } from '../paper-result.ts';
import { deviceMacs } from './device-macs.ts';
import { measureAecnn } from './measure-aecnn.ts';
import { type AecnnOptions, trainAecnn, trainFineTuned } from './train-aecnn.ts';

/** Trains and measures one configuration; a run that was broken off goes on where it was. */
export async function runAecnn(
  paper: PaperContext,
  options: AecnnOptions,
): Promise<Omit<PaperResult, 'id' | 'provenance'>> {
  const { split, size, seed } = options;
  const { trained, ...run } = await trainAecnn(paper, options);
  const { context, shape, attention, teacher, teacherTail, log } = run;
  const test = withoutProgress(testContextOf(paper, context));
  const measured = [await measureAecnn(run, test, 'tail frozen', trained, teacherTail)];
  const { fineTuneLearningRate } = options;
  if (fineTuneLearningRate !== undefined) {
    const fineTuned = await trainFineTuned(paper, run, trained, fineTuneLearningRate);
    const tail = frozenTail(split, paper.folded, { ...teacher.tensors, ...fineTuned });
    measured.push(await measureAecnn(run, test, 'tail fine-tuned', fineTuned, tail));
  }
  return {
    method: 'aecnn',
    split,
    size,
    seed,
    settings: { ...options, recipe: recipeOf(context, options) },
    ...log.result(),
    validation: measured.map(({ validation }) => validation),
    test: measured.flatMap((ways) => ways.test),
    notes: {
      ...(context.recipe.ranking === 'attention' ? { meanGates: run.importance } : {}),
      selectedChannels: shape.selectedChannels,
      latentChannels: shape.latentChannels,
      learningRate: options.learningRate,
      uncompressedAccuracy: await uncompressedAccuracy(test, teacher),
      deviceGmac: deviceMacs(split, context.folded, shape, { ...attention, ...trained }) / 1e9,
    },
  };
}

/** The recipe with the learning rates that the steps had. */
const recipeOf = ({ recipe }: StepContext, { learningRate, fineTuneLearningRate }: AecnnOptions) => ({
  ...recipe,
  learningRates: {
    ...recipe.learningRates,
    task: learningRate,
    ...(fineTuneLearningRate === undefined ? {} : { fineTune: fineTuneLearningRate }),
  },
});

/** Trains at several learning rates; never reads the test part. */
export async function tuneAecnn(
  paper: PaperContext,
  options: Omit<AecnnOptions, 'learningRate'> & { readonly learningRates: readonly number[] },
): Promise<TunedLearningRate[]> {
  const { learningRates, ...fixed } = options;
  const tuned: TunedLearningRate[] = [];
  for (const learningRate of learningRates) {
    const { log } = await trainAecnn(paper, { ...fixed, learningRate });
    const { history, trainingSeconds } = log.result();
    tuned.push({ learningRate, accuracy: history.at(-1)?.accuracy ?? 0, seconds: trainingSeconds });
  }
  return tuned;
}

/** Trains the tail too, at several learning rates, behind the compressor of one configuration; never reads the test part. */
export async function tuneAecnnFineTuning(
  paper: PaperContext,
  options: AecnnOptions,
  learningRates: readonly number[],
): Promise<TunedLearningRate[]> {
  const tuned: TunedLearningRate[] = [];
  for (const learningRate of learningRates) {
    const { trained, ...run } = await trainAecnn(paper, options);
    await trainFineTuned(paper, run, trained, learningRate);
    const { history, steps } = run.log.result();
    tuned.push({
      learningRate,
      accuracy: history.at(-1)?.accuracy ?? 0,
      seconds: steps.at(-1)?.seconds ?? 0,
    });
  }
  return tuned;
}

/** Test accuracy of the float32 feature map. */
async function uncompressedAccuracy(test: StepContext, teacher: Teacher): Promise<number> {
  return accuracyOf(test.set, test.set.validation, await teacherLogitsOf(test, teacher));
}
