/** AECNN in the paper's experiment: one split point, one size of frame, one seed; also its ablations at conv4_x. */

import type { SplitPoint } from '../../../core/model/index.ts';
import type { TensorMap } from '../../../core/tensor/index.ts';
import { onePacketBytes } from '../../../core/wire/index.ts';
import { roundForStorage } from '../../build/index.ts';
import { type CompressorShape, latentSize } from '../../networks/index.ts';
import {
  accuracyOf,
  answerFrames,
  calibrateRate,
  compressedLogits,
  compressorShape,
  constantLearningRate,
  fitEntropy,
  frozenTail,
  initialAttention,
  isLastStageParameter,
  lastStageParameters,
  lastStageTensors,
  makeFrames,
  openGates,
  orderLatentChannels,
  rankChannels,
  type StepContext,
  startCompressor,
  type Tail,
  trainAttention,
  trainableTail,
  trainReconstruction,
  trainTask,
  type Validate,
} from '../../training/index.ts';
import { deflateBytes, rawBytes } from './codings.ts';
import { compressorSize } from './compressor-size.ts';
import { deviceMacs } from './device-macs.ts';
import {
  openPaperCheckpoint,
  type PaperContext,
  stepContextOf,
  type Teacher,
  teacherLogitsOf,
  teacherOf,
  teacherTailOf,
  testContextOf,
} from './paper-context.ts';
import type { FrameSize, PaperResult, TestMeasure, TunedLearningRate } from './paper-result.ts';
import { createStepLog, type StepLog } from './step-log.ts';
import { frameBytesOf, testMeasure } from './test-measure.ts';
import { type VariationName, variations } from './variations.ts';

/** To be raised when the training computes something else: older checkpoints are then left alone. */
const trainingVersion = 1;

/** One configuration of AECNN. */
export interface AecnnOptions {
  readonly split: SplitPoint;
  readonly size: FrameSize;
  readonly seed: number;
  /** Peak learning rate of the task step, or of end-to-end training. */
  readonly learningRate: number;
  /** Train the tail's last stage too, after the compressor. */
  readonly fineTune?: boolean;
  readonly variation?: VariationName;
  /** Share of the training samples to train on; all when left out. */
  readonly part?: number;
}

/** What the steps of one configuration share. */
interface AecnnRun {
  readonly context: StepContext;
  readonly options: AecnnOptions;
  readonly shape: CompressorShape;
  readonly attention: TensorMap;
  readonly teacher: Teacher;
  readonly teacherTail: Tail;
  readonly teacherLogits: Float32Array;
  /** Of the feature channels; empty for end-to-end training. */
  readonly importance: readonly number[];
  readonly log: StepLog;
  /** Validation accuracy of parameters behind a tail, without frames. */
  readonly validateBehind: (tailOf: (parameters: TensorMap) => Tail) => Validate;
}

/** Trains one configuration, or takes its steps from their checkpoints; never reads the test part. */
async function trainAecnn(paper: PaperContext, options: AecnnOptions): Promise<AecnnRun & { trained: TensorMap }> {
  const { split, size, seed, variation, part = 1 } = options;
  const changed = variation === undefined ? undefined : variations[variation];
  const isEndToEnd = changed?.endToEnd === true;
  const recipe = { ...compressorSize(split, size), ...changed?.recipe };
  const teacher = await teacherOf(paper, seed);
  const log = createStepLog();
  log.add('teacher', teacher.seconds);
  const { fineTune: _sameWithoutIt, ...trainedBy } = options;
  const checkpoint = openPaperCheckpoint(paper, { method: 'aecnn', trainingVersion, ...trainedBy, recipe });
  const whole = stepContextOf(paper, split, seed, checkpoint, recipe);
  const teacherTail = teacherTailOf(whole, teacher);
  const teacherLogits = await teacherLogitsOf(whole, teacher);
  const attention = await attentionOf(paper, whole, isEndToEnd, { teacherTail, teacherLogits, log });
  const { order, importance } = await rankedChannels(whole, isEndToEnd, attention, teacherTail, log);
  const { train } = whole.set;
  const kept = train.slice(0, Math.max(1, Math.round(part * train.length)));
  const context: StepContext = { ...whole, set: { ...whole.set, train: kept } };
  const shape = compressorShape(context, order);
  const { validation } = context.set;
  const validateBehind = (tailOf: (parameters: TensorMap) => Tail): Validate => {
    return async (parameters) => {
      const compressor = { shape, tensors: { ...attention, ...parameters }, tail: tailOf(parameters) };
      return accuracyOf(context.set, validation, await compressedLogits(quiet(context), compressor, validation));
    };
  };
  const run: AecnnRun = {
    context,
    options,
    shape,
    attention,
    importance,
    teacher,
    teacherTail,
    teacherLogits,
    log,
    validateBehind,
  };
  return { ...run, trained: await (isEndToEnd ? trainEndToEnd(run, paper) : trainStepByStep(run)) };
}

/** The same without progress: for work inside a step that shows its own. */
const quiet = ({ onProgress: _unused, ...context }: StepContext): StepContext => context;

/** Trains and measures one configuration; a run that was broken off goes on where it was. */
export async function runAecnn(
  paper: PaperContext,
  options: AecnnOptions,
): Promise<Omit<PaperResult, 'id' | 'provenance'>> {
  const { split, size, seed } = options;
  const { trained, ...run } = await trainAecnn(paper, options);
  const { context, shape, attention, teacher, teacherTail, log } = run;
  const test = quiet(testContextOf(paper, context));
  const measured = [await measure(run, test, 'tail frozen', trained, teacherTail)];
  if (options.fineTune) {
    const fineTuned = await trainFineTuned(run, trained);
    const tail = frozenTail(split, paper.folded, { ...teacher.tensors, ...fineTuned });
    const compressor = Object.fromEntries(Object.entries(fineTuned).filter(([name]) => !isLastStageParameter(name)));
    measured.push(await measure(run, test, 'tail fine-tuned', compressor, tail));
  }
  return {
    method: 'aecnn',
    split,
    size,
    seed,
    settings: { ...options, recipe: context.recipe },
    ...log.result(),
    validation: measured.map(({ validation }) => validation),
    test: measured.flatMap((ways) => ways.test),
    notes: {
      meanGates: run.importance,
      selectedChannels: shape.selectedChannels,
      latentChannels: shape.latentChannels,
      learningRate: options.learningRate,
      uncompressedAccuracy: await uncompressedAccuracy(test, teacher),
      deviceGmac: deviceMacs(split, context.folded, shape, { ...attention, ...trained }) / 1e9,
    },
  };
}

/** Trains at several learning rates, each on the same share of the training part; never reads the test part. */
export async function tuneAecnn(
  paper: PaperContext,
  options: Omit<AecnnOptions, 'learningRate' | 'part'> & {
    readonly learningRates: readonly number[];
    readonly share: number;
  },
): Promise<TunedLearningRate[]> {
  const { learningRates, share, ...fixed } = options;
  const tuned: TunedLearningRate[] = [];
  for (const learningRate of learningRates) {
    const { log } = await trainAecnn(paper, { ...fixed, learningRate, part: share });
    const { history, trainingSeconds } = log.result();
    tuned.push({ learningRate, accuracy: history.at(-1)?.accuracy ?? 0, seconds: trainingSeconds });
  }
  return tuned;
}

/** Test accuracy of the float32 feature map. */
async function uncompressedAccuracy(test: StepContext, teacher: Teacher): Promise<number> {
  return accuracyOf(test.set, test.set.validation, await teacherLogitsOf(test, teacher));
}

/** The trained attention, which all sizes of one split and seed share; random or open where the ablation says so. */
async function attentionOf(
  context: PaperContext,
  step: StepContext,
  isEndToEnd: boolean,
  { teacherTail, teacherLogits, log }: Pick<AecnnRun, 'teacherTail' | 'teacherLogits' | 'log'>,
): Promise<TensorMap> {
  const { split, recipe, set } = step;
  const [channels = 0] = set.features.mapShape;
  if (!recipe.gates) return openGates(channels);
  if (isEndToEnd) return initialAttention(channels, recipe.seed);
  const checkpoint = openPaperCheckpoint(context, { step: 'attention', split, seed: recipe.seed });
  return (
    await log.run(checkpoint, 'attention', async () => ({
      tensors: await trainAttention({ ...step, checkpoint }, teacherTail, teacherLogits),
    }))
  ).tensors;
}

/** Feature channels in order; those of end-to-end training have none yet. */
async function rankedChannels(
  step: StepContext,
  isEndToEnd: boolean,
  attention: TensorMap,
  tail: Tail,
  log: StepLog,
): Promise<{ readonly order: readonly number[]; readonly importance: readonly number[] }> {
  const [channels = 0] = step.set.features.mapShape;
  if (isEndToEnd) return { order: Array.from({ length: channels }, (_, i) => i), importance: [] };
  const { notes } = await log.run<{ ranking: { order: readonly number[]; importance: readonly number[] } }>(
    step.checkpoint,
    'ranking',
    async () => ({ tensors: {}, ranking: await rankChannels(step, step.recipe.ranking, { attention, tail }) }),
  );
  return notes.ranking;
}

async function trainStepByStep(run: AecnnRun): Promise<TensorMap> {
  const { context, options, shape, attention, teacherTail, teacherLogits, log } = run;
  const validate = run.validateBehind(() => teacherTail);
  const { tensors: start } = await log.run(context.checkpoint, 'start', async () => ({
    tensors: await startCompressor(context, shape, attention),
  }));
  const reconstruction = await log.run(context.checkpoint, 'reconstruction', async () => {
    const { parameters, epochs } = await trainReconstruction(context, shape, attention, start, validate);
    return { tensors: { ...attention, ...parameters }, epochs };
  });
  const task = await log.run(context.checkpoint, 'task', async () => {
    const { parameters, epochs } = await trainTask(context, {
      name: 'task',
      shape,
      start: reconstruction.tensors,
      tail: () => teacherTail,
      teacherLogits,
      epochs: context.recipe.epochs.task,
      learningRate: options.learningRate,
      validate,
    });
    return { tensors: await stored(run, parameters), epochs };
  });
  return task.tensors;
}

/** Everything from random values at once: constant learning rate until validation stops rising, then a decay. */
async function trainEndToEnd(run: AecnnRun, { protocol }: PaperContext): Promise<TensorMap> {
  const { context, options, shape, attention, teacherTail, teacherLogits, log } = run;
  const { mostUntilPlateau, patience, decay } = protocol.epochs;
  const validate = run.validateBehind(() => teacherTail);
  const common = { shape, tail: () => teacherTail, teacherLogits, learningRate: options.learningRate, validate };
  const { tensors: start } = await log.run(context.checkpoint, 'start', async () => ({
    tensors: { ...attention, ...(await startCompressor(context, shape, attention)) },
  }));
  const plateau = await log.run<{ bitPrice: number }>(context.checkpoint, 'end to end', async () => {
    const { parameters, epochs, bitPrice } = await trainTask(context, {
      ...common,
      name: 'task',
      start,
      epochs: mostUntilPlateau,
      patience,
      schedule: constantLearningRate,
    });
    return { tensors: parameters, epochs, bitPrice };
  });
  const decayed = await log.run(context.checkpoint, 'decay', async () => {
    const { bitPrice } = plateau.notes;
    const { parameters, epochs } = await trainTask(context, {
      ...common,
      name: 'decay',
      start: plateau.tensors,
      epochs: decay,
      bitPrice,
    });
    return { tensors: await stored(run, parameters), epochs };
  });
  return decayed.tensors;
}

/** The compressor together with the tail's last stage and classifier. */
async function trainFineTuned(run: AecnnRun, trained: TensorMap): Promise<TensorMap> {
  const { context, shape, teacherLogits, log } = run;
  const teacher = run.teacher.tensors;
  const { split, folded, recipe } = context;
  const { tensors } = await log.run(context.checkpoint, 'fine-tune', async () => {
    const { parameters, epochs } = await trainTask(context, {
      name: 'fine-tune',
      shape,
      start: { ...trained, ...lastStageParameters(folded, teacher) },
      tail: (values) => trainableTail(split, folded, values),
      teacherLogits,
      epochs: recipe.epochs.fineTune,
      learningRate: recipe.learningRates.fineTune,
      validate: run.validateBehind((values) =>
        frozenTail(split, folded, { ...teacher, ...lastStageTensors(folded, values) }),
      ),
    });
    const compressor = Object.fromEntries(Object.entries(parameters).filter(([name]) => !isLastStageParameter(name)));
    const ordered = await orderLatentChannels(context, shape, await calibrateRate(context, shape, compressor));
    return { tensors: roundForStorage({ ...ordered, ...lastStageTensors(folded, parameters) }), epochs };
  });
  return tensors;
}

/** As it would be deployed: latent channels in order of importance, rounded. */
const stored = async ({ context, shape }: AecnnRun, parameters: TensorMap): Promise<TensorMap> =>
  roundForStorage(await orderLatentChannels(context, shape, await calibrateRate(context, shape, parameters)));

/** Entropy tables, then frames of the validation part, then, once, of the test part. */
async function measure(
  run: AecnnRun,
  test: StepContext,
  name: string,
  tensors: TensorMap,
  tail: Tail,
): Promise<{ test: TestMeasure[]; validation: PaperResult['validation'][number] }> {
  const { context, shape, options, log } = run;
  const { entropy, seconds } = await timed(async () => ({ entropy: await fitEntropy(context, shape, tensors) }));
  log.add(`entropy tables (${name})`, seconds);
  const compressor = { shape, tensors, entropy, tail };
  const maxBytes = options.size === 'packet' ? onePacketBytes : Number.POSITIVE_INFINITY;
  const answers = async (part: StepContext) => {
    const made = await makeFrames(part, compressor, part.set.validation, maxBytes);
    return { ...made, logits: await answerFrames(part, compressor, made.frames, made.frameModel) };
  };
  const held = await answers(context);
  const sent = await answers(test);
  const of = (coding: string, bytes: readonly number[]): TestMeasure =>
    testMeasure(`${name}, ${coding}`, test.set, sent.logits, bytes);
  const raw = rawBytes(entropy, latentSize ** 2);
  return {
    validation: {
      name,
      accuracy: accuracyOf(context.set, context.set.validation, held.logits),
      bytes: frameBytesOf(held.frames.map((frame) => frame.length)),
    },
    test: [
      of(
        'entropy coded',
        sent.frames.map((frame) => frame.length),
      ),
      of(
        'raw bits',
        sent.symbols.map(() => raw),
      ),
      of('deflate', sent.symbols.map(deflateBytes)),
    ],
  };
}

async function timed<T extends object>(work: () => Promise<T>): Promise<T & { readonly seconds: number }> {
  const startedAt = performance.now();
  return { ...(await work()), seconds: (performance.now() - startedAt) / 1000 };
}
