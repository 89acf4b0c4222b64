/** How one configuration of AECNN is trained: step by step, or, as an ablation, from end to end. Never reads the test part. */

import type { SplitPoint } from '../../../../core/model/index.ts';
import type { TensorMap } from '../../../../core/tensor/index.ts';
import { roundForStorage } from '../../../build/index.ts';
import type { CompressorShape } from '../../../networks/index.ts';
import {
  accuracyOf,
  compressedLogits,
  compressorShape,
  frozenTail,
  initialAttention,
  lastStageParameters,
  lastStageTensors,
  openGates,
  rankChannels,
  type StepContext,
  startCompressor,
  type Tail,
  trainAttention,
  trainableTail,
  trainReconstruction,
  trainTask,
  type Validate,
  withoutLastStage,
  withoutProgress,
  withShare,
} from '../../../training/index.ts';
import {
  fineTuneContextOf,
  openPaperCheckpoint,
  type PaperContext,
  stepContextOf,
  type Teacher,
  teacherLogitsOf,
  teacherOf,
  teacherTailOf,
} from '../paper-context.ts';
import type { FrameSize } from '../paper-result.ts';
import { createStepLog, type StepLog } from '../step-log.ts';
import { trainingVersions } from '../training-versions.ts';
import { compressorSize } from './compressor-size.ts';
import { type VariationName, variations } from './variations.ts';

/** One configuration of AECNN. */
export interface AecnnOptions {
  readonly split: SplitPoint;
  readonly size: FrameSize;
  readonly seed: number;
  /** Peak learning rate of the task step, or of end-to-end training. */
  readonly learningRate: number;
  /** Train the tail's last stage too, after the compressor, with this peak; the tail itself gets a tenth of it. */
  readonly fineTuneLearningRate?: number;
  readonly variation?: VariationName;
  /** Share of the training samples to train on; all when left out. */
  readonly part?: number;
}

/** What the steps of one configuration share. */
export interface AecnnRun {
  /** Of the steps before the task step, which all its learning rates share. */
  readonly context: StepContext;
  /** Of the task step, or of end-to-end training, at its learning rate. */
  readonly taskContext: StepContext;
  /** Of the checkpoints of `taskContext`. */
  readonly key: Readonly<Record<string, unknown>>;
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
export async function trainAecnn(
  paper: PaperContext,
  options: AecnnOptions,
): Promise<AecnnRun & { trained: TensorMap }> {
  const { split, size, seed, variation, part = 1 } = options;
  const changed = variation === undefined ? undefined : variations[variation];
  const isEndToEnd = changed?.endToEnd === true;
  const recipe = { ...compressorSize(split, size), ...paper.protocol.recipe, ...changed?.recipe };
  const teacher = await teacherOf(paper, seed);
  const log = createStepLog();
  log.add('teacher', teacher.seconds);
  const { fineTuneLearningRate: _last, learningRate, ...before } = options;
  const keyBefore = { method: 'aecnn', trainingVersion: trainingVersions.aecnn, ...before, recipe };
  const key = { ...keyBefore, learningRate };
  const checkpoint = openPaperCheckpoint(paper, keyBefore);
  const whole = stepContextOf(paper, split, seed, checkpoint, recipe);
  const teacherTail = teacherTailOf(whole, teacher);
  const teacherLogits = await teacherLogitsOf(whole, teacher);
  const attention = await attentionOf(paper, whole, isEndToEnd, { teacherTail, teacherLogits, log });
  const { order, importance } = await rankedChannels(whole, isEndToEnd, attention, teacherTail, log);
  const context = withShare(whole, part);
  const shape = compressorShape(context, order);
  const { validation } = context.set;
  const validateBehind = (tailOf: (parameters: TensorMap) => Tail): Validate => {
    return async (parameters) => {
      const compressor = { shape, tensors: { ...attention, ...parameters }, tail: tailOf(parameters) };
      return accuracyOf(
        context.set,
        validation,
        await compressedLogits(withoutProgress(context), compressor, validation),
      );
    };
  };
  const run: AecnnRun = {
    context,
    taskContext: { ...context, checkpoint: openPaperCheckpoint(paper, key) },
    key,
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
  const { context, taskContext, options, shape, attention, teacherTail, teacherLogits, log } = run;
  const validate = run.validateBehind(() => teacherTail);
  const { tensors: start } = await log.run(context.checkpoint, 'start', async () => ({
    tensors: await startCompressor(context, shape, attention),
  }));
  const reconstruction = await log.run(context.checkpoint, 'reconstruction', async () => {
    const { parameters, epochs } = await trainReconstruction(context, shape, attention, start, validate);
    return { tensors: { ...attention, ...parameters }, epochs };
  });
  const task = await log.run(taskContext.checkpoint, 'task', async () => {
    const { parameters, epochs } = await trainTask(taskContext, {
      name: 'task',
      shape,
      start: reconstruction.tensors,
      tail: () => teacherTail,
      teacherLogits,
      epochs: context.recipe.epochs.task,
      learningRate: options.learningRate,
      validate,
    });
    return { tensors: roundForStorage(parameters), epochs };
  });
  return task.tensors;
}

/** Everything from random values at once: constant learning rate until validation stops rising, then a decay. */
async function trainEndToEnd(run: AecnnRun, { protocol }: PaperContext): Promise<TensorMap> {
  const { context, taskContext, options, shape, attention, teacherTail, teacherLogits, log } = run;
  const { mostUntilPlateau, patience, decay } = protocol.epochs;
  const validate = run.validateBehind(() => teacherTail);
  const { tensors: start } = await log.run(context.checkpoint, 'start', async () => ({
    tensors: { ...attention, ...(await startCompressor(context, shape, attention)) },
  }));
  const trained = await log.run(taskContext.checkpoint, 'end to end', async () => {
    const { parameters, epochs } = await trainTask(taskContext, {
      name: 'task',
      shape,
      start,
      teacherLogits,
      learningRate: options.learningRate,
      validate,
      tail: () => teacherTail,
      epochs: mostUntilPlateau,
      plateau: { patience, decayEpochs: decay },
    });
    return { tensors: roundForStorage(parameters), epochs };
  });
  return trained.tensors;
}

/** The compressor together with the tail's last stage and classifier. */
export async function trainFineTuned(
  paper: PaperContext,
  run: AecnnRun,
  trained: TensorMap,
  fineTuneLearningRate: number,
): Promise<TensorMap> {
  const { shape, teacherLogits, log } = run;
  const context = fineTuneContextOf(paper, run.context, run.key, fineTuneLearningRate);
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
    return {
      tensors: roundForStorage({ ...withoutLastStage(parameters), ...lastStageTensors(folded, parameters) }),
      epochs,
    };
  });
  return tensors;
}
