/** Runs one configuration of the grid, with the learning rate that was chosen for its method. */

import { accuracyOf, rowsOf } from '../../training/index.ts';
import { runAecnn } from './aecnn/run-aecnn.ts';
import { runBottlenet } from './bottlenet/run-bottlenet.ts';
import { chooseLearningRate } from './choose-learning-rate.ts';
import type { Configuration } from './grid.ts';
import { codecsNeededBy } from './needed-codecs.ts';
import { type NeededRate, ratesOf } from './needed-rates.ts';
import {
  openPaperCheckpoint,
  type PaperContext,
  stepContextOf,
  teacherLogitsOf,
  teacherOf,
  testContextOf,
} from './paper-context.ts';
import type { PaperResult } from './paper-result.ts';
import { chooseAdaptedCodec } from './pictures/choose-adapted-codec.ts';
import { defaultPictureGrid } from './pictures/picture-choice.ts';
import type { PictureCodec } from './pictures/picture-codecs.ts';
import { runAdaptedPictures } from './pictures/run-adapted-pictures.ts';
import { runPictures } from './pictures/run-pictures.ts';
import { createStepLog } from './step-log.ts';
import { testMeasure } from './test-measure.ts';

/** Results of other configurations that one may need. */
export type FinishedResult = (id: string) => PaperResult | undefined;

type Outcome = Omit<PaperResult, 'id' | 'provenance'>;

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
  /** Best first, at least one. */
  const codecs = (): readonly [PictureCodec, ...PictureCodec[]] => {
    const needed = codecsNeededBy(configuration);
    const chosen = needed && finished(needed.id);
    const [first, ...others] = chosen ? needed.codecsOf(chosen) : [];
    if (first === undefined) throw new Error(`${configuration.id} was run before ${needed?.id}`);
    return [first, ...others];
  };
  switch (configuration.method) {
    case 'uncompressed':
      return runUncompressed(context, configuration.seed);
    case 'learning-rates':
      return chooseLearningRate(context, configuration, {
        compressorRate: () => rate('learningRate'),
        codec: () => codecs()[0],
      });
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
      const { grid, seed } = configuration;
      return runPictures(context, seed, { ...defaultPictureGrid, ...grid });
    }
    case 'adapted-codec': {
      const options = { ...withoutId(configuration), codecs: codecs(), learningRate: rate('learningRate') };
      return chooseAdaptedCodec(context, options);
    }
    case 'adapted-pictures': {
      const [codec] = codecs();
      return runAdaptedPictures(context, { ...withoutId(configuration), codec, learningRate: rate('learningRate') });
    }
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
