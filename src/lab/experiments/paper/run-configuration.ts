/** Runs one configuration of the grid, with the learning rate that was chosen for its method. */

import { accuracyOf, rowsOf } from '../../training/index.ts';
import { runAecnn, tuneAecnn } from './aecnn/run-aecnn.ts';
import { bestLearningRate } from './best-learning-rate.ts';
import { runBottlenet, tuneBottlenet } from './bottlenet/run-bottlenet.ts';
import { type Configuration, learningRatesId, learningRatesOf, type TunedMethod } from './grid.ts';
import { learningRateTrials } from './learning-rate-trials.ts';
import {
  openPaperCheckpoint,
  type PaperContext,
  stepContextOf,
  teacherLogitsOf,
  teacherOf,
  testContextOf,
} from './paper-context.ts';
import type { PaperResult } from './paper-result.ts';
import { defaultPictureGrid } from './pictures/picture-choice.ts';
import { runAdaptedPictures } from './pictures/run-adapted-pictures.ts';
import { runPictures } from './pictures/run-pictures.ts';
import { createStepLog } from './step-log.ts';
import { testMeasure } from './test-measure.ts';

/** Results of other configurations that one may need. */
export type FinishedResult = (id: string) => PaperResult | undefined;

type Outcome = Omit<PaperResult, 'id' | 'provenance'>;

/** Ids of the configurations that must be finished before one can be run. */
export function neededBy(
  configuration: Configuration,
  { learningRates }: Pick<PaperContext['protocol'], 'learningRates'>,
): readonly string[] {
  if (learningRates !== undefined) return [];
  const method = tunedMethodOf(configuration);
  if (method === undefined || !('split' in configuration)) return [];
  return [learningRatesId(method, learningRatesOf(method, configuration))];
}

function tunedMethodOf(configuration: Configuration): TunedMethod | undefined {
  if (configuration.method === 'bottlenet') return configuration.distillation ? 'bottlenet-distilled' : 'bottlenet';
  if (configuration.method !== 'aecnn') return undefined;
  return configuration.variation === 'end-to-end' ? 'end-to-end' : 'aecnn';
}

/** Runs a configuration to its end. @throws the signal's reason when aborted; what was computed is kept. */
export async function runConfiguration(
  context: PaperContext,
  configuration: Configuration,
  finished: FinishedResult,
): Promise<Outcome> {
  const { protocol } = context;
  const chosenRate = (): number => {
    const method = tunedMethodOf(configuration) as TunedMethod;
    const [id = ''] = neededBy(configuration, protocol);
    const chosen = protocol.learningRates?.[method] ?? finished(id)?.notes.chosen;
    if (typeof chosen !== 'number') throw new Error(`${configuration.id} was run before ${id}`);
    return chosen;
  };
  switch (configuration.method) {
    case 'uncompressed':
      return runUncompressed(context, configuration.seed);
    case 'learning-rates':
      return chooseLearningRate(context, configuration);
    case 'aecnn':
      return runAecnn(context, { ...withoutId(configuration), learningRate: chosenRate() });
    case 'bottlenet':
      return runBottlenet(context, { ...withoutId(configuration), learningRate: chosenRate() });
    case 'pictures': {
      const { formats = defaultPictureGrid.formats, seed } = configuration;
      return runPictures(context, seed, { ...defaultPictureGrid, formats });
    }
    case 'adapted-pictures':
      return runAdaptedPictures(context, configuration);
  }
}

function withoutId<C extends { readonly id: string; readonly method: string }>(
  configuration: C,
): Omit<C, 'id' | 'method'> {
  const { id: _id, method: _method, ...options } = configuration;
  return options;
}

/** The float32 feature map behind the teacher's tail. */
async function runUncompressed(context: PaperContext, seed: number): Promise<Outcome> {
  const teacher = await teacherOf(context, seed);
  const log = createStepLog();
  log.add('teacher', teacher.seconds);
  const [split = 'conv5_x'] = context.splits;
  const step = stepContextOf(context, split, seed, openPaperCheckpoint(context, { method: 'uncompressed', seed }));
  const test = testContextOf(context, step);
  const { set } = step;
  const held = rowsOf(await teacherLogitsOf(step, teacher), set.classes, set.validation).data;
  const none = test.set.validation.map(() => 0);
  return {
    method: 'uncompressed',
    seed,
    settings: {},
    ...log.result(),
    validation: [{ name: 'float32 feature map', accuracy: accuracyOf(set, set.validation, held) }],
    test: [testMeasure('float32 feature map', test.set, await teacherLogitsOf(test, teacher), none)],
    notes: { classes: context.dataset.classes },
  };
}

/** Tries the learning rates of a method. */
async function chooseLearningRate(
  context: PaperContext,
  { of, split, size, seed }: Extract<Configuration, { method: 'learning-rates' }>,
): Promise<Outcome> {
  const { rates: learningRates, onShare = false, epochs } = learningRateTrials(of, split);
  const share = onShare ? context.protocol.learningRateShare : 1;
  // Without a part these are the trainings of the configurations themselves: their checkpoints serve both.
  const options = { split, size, seed, learningRates, ...(share < 1 ? { part: share } : {}) } as const;
  const tried = await (of === 'bottlenet' || of === 'bottlenet-distilled'
    ? tuneBottlenet(context, {
        ...options,
        distillation: of === 'bottlenet-distilled',
        ...(epochs === undefined ? {} : { trialEpochs: epochs }),
      })
    : tuneAecnn(context, of === 'end-to-end' ? { ...options, variation: 'end-to-end' } : options));
  return {
    method: 'learning-rates',
    split,
    size,
    seed,
    settings: { of, learningRates, share, ...(epochs === undefined ? {} : { epochs }) },
    steps: tried.map(({ learningRate, seconds }) => ({ name: String(learningRate), seconds })),
    trainingSeconds: tried.reduce((sum, { seconds }) => sum + seconds, 0),
    history: [],
    validation: tried.map(({ learningRate, accuracy }) => ({ name: String(learningRate), accuracy })),
    test: [],
    notes: { chosen: bestLearningRate(tried), tried },
  };
}
