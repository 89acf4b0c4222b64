/** Runs one configuration of the grid, with the learning rate that was chosen for its method. */

import { accuracyOf, rowsOf } from '../../training/index.ts';
import { runAecnn, tuneAecnn, tuneAecnnFineTuning } from './aecnn/run-aecnn.ts';
import { bestLearningRate } from './best-learning-rate.ts';
import { runBottlenet, tuneBottlenet, tuneBottlenetFineTuning } from './bottlenet/run-bottlenet.ts';
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
import type { PaperResult, TunedLearningRate } from './paper-result.ts';
import { defaultPictureGrid } from './pictures/picture-choice.ts';
import { runAdaptedPictures } from './pictures/run-adapted-pictures.ts';
import { runPictures } from './pictures/run-pictures.ts';
import { createStepLog } from './step-log.ts';
import { testMeasure } from './test-measure.ts';

/** Results of other configurations that one may need. */
export type FinishedResult = (id: string) => PaperResult | undefined;

type Outcome = Omit<PaperResult, 'id' | 'provenance'>;

/** A learning rate that a configuration is run with, and the choice that it comes from. */
export interface NeededRate {
  /** Of the configuration that chooses it. */
  readonly id: string;
  readonly of: TunedMethod;
  /** What it is called in the settings of a result. */
  readonly setting: 'learningRate' | 'fineTuneLearningRate';
}

/** Choices of learning rates that must be finished before a configuration can be run. */
export function neededBy(
  configuration: Configuration,
  { learningRates }: Pick<PaperContext['protocol'], 'learningRates'>,
): readonly NeededRate[] {
  return learningRates === undefined ? ratesOf(configuration) : [];
}

/** All learning rates of a configuration. */
function ratesOf(configuration: Configuration): readonly NeededRate[] {
  const rates = (of: TunedMethod, fineTuneOf?: TunedMethod): NeededRate[] => {
    if (!('split' in configuration)) return [];
    const idOf = (method: TunedMethod): string => learningRatesId(method, learningRatesOf(method, configuration));
    return [
      { id: idOf(of), of, setting: 'learningRate' },
      ...(fineTuneOf === undefined
        ? []
        : [{ id: idOf(fineTuneOf), of: fineTuneOf, setting: 'fineTuneLearningRate' } as const]),
    ];
  };
  switch (configuration.method) {
    case 'aecnn':
      return rates(
        configuration.variation === 'end-to-end' ? 'end-to-end' : 'aecnn',
        configuration.fineTune ? 'aecnn-fine-tune' : undefined,
      );
    case 'bottlenet':
      return rates(configuration.distillation ? 'bottlenet-distilled' : 'bottlenet', 'bottlenet-fine-tune');
    case 'learning-rates':
      if (configuration.of === 'aecnn-fine-tune') return rates('aecnn');
      return configuration.of === 'bottlenet-fine-tune' ? rates('bottlenet') : [];
    default:
      return [];
  }
}

/** Runs a configuration to its end. @throws the signal's reason when aborted; what was computed is kept. */
export async function runConfiguration(
  context: PaperContext,
  configuration: Configuration,
  finished: FinishedResult,
): Promise<Outcome> {
  const { protocol } = context;
  /** Chosen, or given by the protocol. */
  const rate = (wanted: NeededRate['setting']): number => {
    const needed = ratesOf(configuration).find(({ setting }) => setting === wanted);
    if (!needed) throw new RangeError(`${configuration.id} has no ${wanted}`);
    const { id, of } = needed;
    const given = wanted === 'fineTuneLearningRate' ? protocol.fineTuneLearningRate : undefined;
    const found = protocol.learningRates ? (protocol.learningRates[of] ?? given) : finished(id)?.notes.chosen;
    if (typeof found !== 'number') throw new Error(`${configuration.id} was run before ${id}`);
    return found;
  };
  switch (configuration.method) {
    case 'uncompressed':
      return runUncompressed(context, configuration.seed);
    case 'learning-rates':
      return chooseLearningRate(context, configuration, () => rate('learningRate'));
    case 'aecnn': {
      const { fineTune, ...options } = withoutId(configuration);
      const last = fineTune ? { fineTuneLearningRate: rate('fineTuneLearningRate') } : {};
      return runAecnn(context, { ...options, learningRate: rate('learningRate'), ...last });
    }
    case 'bottlenet':
      return runBottlenet(context, {
        ...withoutId(configuration),
        learningRate: rate('learningRate'),
        fineTuneLearningRate: rate('fineTuneLearningRate'),
      });
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

/**
 * Tries the learning rates of a method.
 *
 * @param compressorRate - Learning rate of the compressor that a last phase is tried behind.
 */
async function chooseLearningRate(
  context: PaperContext,
  { of, split, size, seed }: Extract<Configuration, { method: 'learning-rates' }>,
  compressorRate: () => number,
): Promise<Outcome> {
  const { rates: learningRates, onShare = false, epochs } = learningRateTrials(of, split);
  const share = onShare ? context.protocol.learningRateShare : 1;
  // Without a part these are the trainings of the configurations themselves: their checkpoints serve both.
  const place = { split, size, seed, ...(share < 1 ? { part: share } : {}) } as const;
  const tune = (): Promise<TunedLearningRate[]> => {
    switch (of) {
      case 'aecnn':
        return tuneAecnn(context, { ...place, learningRates });
      case 'end-to-end':
        return tuneAecnn(context, { ...place, learningRates, variation: 'end-to-end' });
      case 'aecnn-fine-tune':
        return tuneAecnnFineTuning(context, { ...place, learningRate: compressorRate() }, learningRates);
      case 'bottlenet-fine-tune': {
        const options = { ...place, distillation: false, learningRate: compressorRate() };
        return tuneBottlenetFineTuning(context, options, learningRates);
      }
      default: {
        const trial = epochs === undefined ? {} : { trialEpochs: epochs };
        return tuneBottlenet(context, {
          ...place,
          learningRates,
          distillation: of === 'bottlenet-distilled',
          ...trial,
        });
      }
    }
  };
  const tried = await tune();
  const isLastPhase = of === 'aecnn-fine-tune' || of === 'bottlenet-fine-tune';
  return {
    method: 'learning-rates',
    split,
    size,
    seed,
    settings: {
      of,
      learningRates,
      share,
      ...(epochs === undefined ? {} : { epochs }),
      ...(isLastPhase ? { learningRate: compressorRate() } : {}),
    },
    steps: tried.map(({ learningRate, seconds }) => ({ name: String(learningRate), seconds })),
    trainingSeconds: tried.reduce((sum, { seconds }) => sum + seconds, 0),
    history: [],
    validation: tried.map(({ learningRate, accuracy }) => ({ name: String(learningRate), accuracy })),
    test: [],
    notes: { chosen: bestLearningRate(tried), tried },
  };
}
