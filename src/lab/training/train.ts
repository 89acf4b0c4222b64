/**
 * Training, step by step: teacher, attention, reconstruction, task, entropy tables, fallback; then the split model.
 *
 * Each finished step is kept in a checkpoint folder, so a training that was broken off goes on where it stopped.
 */

import { join } from 'node:path';
import { serializeLatentCoding } from '../../core/codec/index.ts';
import type { ModelSource } from '../../core/model/index.ts';
import { pickTensor, type TensorMap } from '../../core/tensor/index.ts';
import { onePacketBytes } from '../../core/wire/index.ts';
import { roundForStorage, type TrainedModel } from '../build/index.ts';
import { pooledFeatures } from '../networks/index.ts';
import { gatedLogits, openGates, trainAttention } from './attention-step.ts';
import { rankChannels } from './channel-ranking.ts';
import { type Checkpoint, openCheckpoint, recipeHash, type StepResult } from './checkpoint.ts';
import { compressorShape } from './compressor-plan.ts';
import { startCompressor } from './compressor-start.ts';
import { trainReconstruction, trainTask } from './compressor-step.ts';
import { fitCoding } from './entropy-step.ts';
import { trainFallback } from './fallback-step.ts';
import { dataSplitOf, extractFeatures, type FeaturesOptions, trainingSet } from './features-step.ts';
import { measureCurve, uncompressedLogits } from './measure.ts';
import type { OptimizeProgress } from './optimize.ts';
import type { TrainRecipe } from './recipe.ts';
import type { StepContext } from './step-context.ts';
import { answeredBy, type StockClassifier } from './stock-teacher.ts';
import {
  frozenTail,
  lastStageParameters,
  lastStageTensors,
  type Tail,
  trainableTail,
  withoutLastStage,
} from './tail.ts';
import { fineTuneTeacher, linearLogits, trainLinearTeacher } from './teacher-step.ts';
import { accuracyOf, rowsOf } from './training-set.ts';

/** The steps of a training, in order. */
const trainingSteps = [
  'features',
  'teacher',
  'attention',
  'reconstruction',
  'task',
  'fine-tune',
  'entropy',
  'fallback',
] as const;

/** Name of a training step. */
export type TrainingStepName = (typeof trainingSteps)[number];

/** What is reported after a step; accuracies are of the validation part, 0 to 1. */
export interface StepReport {
  readonly step: TrainingStepName;
  readonly accuracy?: number;
  readonly frameBytes?: { readonly mean: number; readonly max: number };
  readonly seconds: number;
  /** Taken from a checkpoint instead of computed. */
  readonly resumed: boolean;
}

/** Everything that a training needs. */
export interface TrainOptions extends FeaturesOptions {
  readonly name: string;
  /** For the stock teacher: the network's own classifier. Labels are then its answers, and accuracy is agreement with it. */
  readonly stockClassifier?: StockClassifier;
  /** Threads that the runtime computes with: part of what a result depends on. */
  readonly threads: number;
  /** Where the weights came from, and under which licence: goes into the manifest. */
  readonly sources: readonly ModelSource[];
  readonly onStep?: (report: StepReport) => void;
  readonly onProgress?: (step: TrainingStepName, ...progress: Parameters<OptimizeProgress>) => void;
}

/** Budgets of the curve in the manifest, in bytes: from a small LoRaWAN payload to one packet. */
const curveBudgets: readonly number[] = [128, 222, 350, 600, onePacketBytes];

/** To be raised when a step changes what it computes: older checkpoints are then left alone. */
const trainingVersion = 3;

/** Trains a model. @throws the signal's reason when aborted; what was computed is kept. */
export async function train(options: TrainOptions): Promise<TrainedModel> {
  const { dataset, folded, recipe, runtime, threads, signal, onStep, cacheFolder } = options;
  const key = {
    ...dataSplitOf(dataset),
    pictures: dataset.fingerprint,
    version: trainingVersion,
    threads,
    runtime: runtime.name,
  };
  const checkpointOf = (step: TrainingStepName): Checkpoint => {
    const hash = recipeHash({ ...key, recipe: recipeUpTo(step, recipe) });
    return openCheckpoint(join(cacheFolder, 'training', hash), hash);
  };
  const run = stepRunner(checkpointOf, onStep);

  const startedAt = performance.now();
  let alreadyThere: number | undefined;
  await using features = await extractFeatures(options, (done, total) => {
    alreadyThere ??= done;
    options.onProgress?.('features', done, total, {});
  });
  onStep?.({ step: 'features', seconds: secondsSince(startedAt), resumed: (alreadyThere ?? 0) > 0 });

  const labelled = trainingSet(dataset, features, recipe);
  const progress = (step: TrainingStepName): Pick<StepContext, 'onProgress'> =>
    options.onProgress ? { onProgress: (...args) => options.onProgress?.(step, ...args) } : {};
  const classifierLayer = { prefix: 'classifier', rows: features.pooled, width: pooledFeatures } as const;
  const stock = stockOf(options);
  const set = stock ? await answeredBy(stock, labelled, { runtime, ...(signal ? { signal } : {}) }) : labelled;
  const context: StepContext = {
    set,
    split: recipe.split,
    folded,
    recipe,
    runtime,
    checkpoint: checkpointOf('teacher'),
    ...(signal ? { signal } : {}),
  };
  const contextOf = (step: TrainingStepName): StepContext => ({
    ...context,
    checkpoint: checkpointOf(step),
    ...progress(step),
  });
  const everySample = Array.from({ length: features.count }, (_, i) => i);
  const validationRows = (logits: Float32Array): Float32Array => rowsOf(logits, set.classes, set.validation).data;

  const teacher = await run<Pick<StepReport, 'accuracy'>>('teacher', async () => {
    const stepContext = contextOf('teacher');
    const linear = roundForStorage(stock ? stock.tensors : await trainLinearTeacher(stepContext));
    if (recipe.teacher !== 'fine-tuned') {
      const logits = await linearLogits(context, linear, classifierLayer, set.validation);
      return { tensors: linear, notes: { accuracy: accuracyOf(set, set.validation, logits) } };
    }
    const tensors = roundForStorage(await fineTuneTeacher(stepContext, linear));
    const logits = await uncompressedLogits(context, frozenTail(recipe.split, folded, tensors), set.validation);
    return { tensors, notes: { accuracy: accuracyOf(set, set.validation, logits) } };
  });
  const teacherTail = frozenTail(recipe.split, folded, teacher.tensors);
  const teacherLogits =
    recipe.teacher !== 'fine-tuned'
      ? await linearLogits(context, teacher.tensors, classifierLayer, everySample)
      : await uncompressedLogits(context, teacherTail, everySample);

  const attention = await run('attention', async () => {
    const attentionContext = contextOf('attention');
    const [channels = 0] = features.mapShape;
    const tensors = recipe.gates
      ? await trainAttention(attentionContext, teacherTail, teacherLogits)
      : openGates(channels);
    const logits = await gatedLogits(context, teacherTail, tensors, set.validation);
    const accuracy = accuracyOf(set, set.validation, logits);
    const ranking = await rankChannels(context, recipe.ranking, { attention: tensors, tail: teacherTail });
    return { tensors, notes: { ranking, accuracy } };
  });
  const shape = compressorShape(context, attention.notes.ranking.order);

  const measured = async (tensors: TensorMap, tail: Tail): Promise<Pick<StepReport, 'accuracy' | 'frameBytes'>> => {
    const coding = await fitCoding(context, shape, tensors);
    const whole = [onePacketBytes];
    const [point] = await measureCurve(context, { shape, tensors, coding, tail }, whole, validationRows(teacherLogits));
    return point ? { accuracy: point.accuracy, frameBytes: point.frameBytes } : {};
  };

  const reconstruction = await run('reconstruction', async () => {
    const stepContext = contextOf('reconstruction');
    const start = await startCompressor(stepContext, shape, attention.tensors);
    const { parameters } = await trainReconstruction(stepContext, shape, attention.tensors, start);
    const tensors = { ...attention.tensors, ...parameters };
    return { tensors, notes: await measured(tensors, teacherTail) };
  });

  const common = { shape, teacherLogits };
  const task = await run('task', async () => {
    const { parameters } = await trainTask(contextOf('task'), {
      ...common,
      name: 'task',
      start: reconstruction.tensors,
      tail: () => teacherTail,
      epochs: recipe.epochs.task,
      learningRate: recipe.learningRates.task,
    });
    const tensors = roundForStorage(parameters);
    return { tensors, notes: await measured(tensors, teacherTail) };
  });

  const fineTuned = recipe.fineTuneTail
    ? await run('fine-tune', async () => {
        const { parameters: trained } = await trainTask(contextOf('fine-tune'), {
          ...common,
          name: 'fine-tune',
          start: { ...task.tensors, ...lastStageParameters(folded, teacher.tensors) },
          tail: (parameters) => trainableTail(recipe.split, folded, parameters),
          epochs: recipe.epochs.fineTune,
          learningRate: recipe.learningRates.fineTune,
        });
        const tensors = roundForStorage({ ...withoutLastStage(trained), ...lastStageTensors(folded, trained) });
        return { tensors, notes: await measured(tensors, frozenTail(recipe.split, folded, tensors)) };
      })
    : undefined;
  const final = { ...teacher.tensors, ...task.tensors, ...fineTuned?.tensors };
  const finalTail = frozenTail(recipe.split, folded, final);

  const entropy = await run('entropy', async () => {
    const coding = await fitCoding(contextOf('entropy'), shape, final);
    const uncompressed = await uncompressedLogits(context, finalTail, set.validation);
    const compressor = { shape, tensors: final, coding, tail: finalTail };
    const curve = await measureCurve(context, compressor, curveBudgets, uncompressed);
    const bytes = serializeLatentCoding(coding);
    const last = curve.at(-1);
    return {
      tensors: { entropy: { dtype: 'uint8', shape: [bytes.length], data: bytes } },
      notes: {
        chunks: coding.plan.chunks,
        curve,
        uncompressedAccuracy: accuracyOf(set, set.validation, uncompressed),
        ...(last ? { accuracy: last.accuracy, frameBytes: last.frameBytes } : {}),
      },
    };
  });

  const fallback = await run('fallback', async () => {
    const trained = await trainFallback(contextOf('fallback'));
    return { tensors: roundForStorage(trained.tensors), notes: { ...trained.measured } };
  });

  const { 'rate/mean': _mean, 'rate/log_scale': _scale, ...deployed } = final;
  return {
    tensors: { ...deployed, ...fallback.tensors },
    entropy: pickTensor(entropy.tensors, 'entropy', 'uint8').data,
    notes: {
      formatVersion: 2,
      name: options.name,
      split: recipe.split,
      tail: recipe.fineTuneTail || recipe.teacher === 'fine-tuned' ? 'fine-tuned' : 'stock',
      teacher: recipe.teacher,
      classes: stock?.classes ?? dataset.classes,
      chunks: entropy.notes.chunks,
      curve: entropy.notes.curve,
      fallback: fallback.notes,
      dataSplit: dataSplitOf(dataset),
      licence: 'Apache-2.0',
      sources: options.sources,
      selectedChannels: shape.selectedChannels,
      latentChannels: shape.latentChannels,
      decoderWidth: shape.decoderWidth,
      bits: recipe.bits,
      uncompressedAccuracy: entropy.notes.uncompressedAccuracy,
    },
  };
}

/** The stock classifier, when the recipe asks for it. */
function stockOf({ recipe, stockClassifier }: TrainOptions): StockClassifier | undefined {
  if (recipe.teacher !== 'stock') return undefined;
  if (stockClassifier === undefined) throw new TypeError('stockClassifier must be given when recipe.teacher is stock');
  return stockClassifier;
}

const secondsSince = (startedAt: number): number => (performance.now() - startedAt) / 1000;

/** What of a recipe a step and those before it read: trainings that differ in the rest share the step's checkpoint. */
function recipeUpTo(step: TrainingStepName, recipe: TrainRecipe): Partial<TrainRecipe> {
  if (step === 'fine-tune' || step === 'entropy') return recipe;
  const { fineTuneTail: _fineTuneTail, ...compressor } = recipe;
  if (step === 'reconstruction' || step === 'task') return compressor;
  const { latentChannels: _k, bits: _bits, frameBytes: _bytes, progressive: _progressive, ...others } = compressor;
  const { selectedChannels: _selected, decoderWidth: _width, start: _start, epochs, learningRates, ...front } = others;
  const none = { reconstruction: 0, task: 0 };
  return { ...front, epochs: { ...epochs, ...none }, learningRates: { ...learningRates, ...none } };
}

/** Runs a step, or takes its result from the checkpoint; reports it either way. */
function stepRunner(checkpointOf: (step: TrainingStepName) => Checkpoint, onStep: TrainOptions['onStep']) {
  return async <Notes extends object>(
    step: TrainingStepName,
    compute: () => Promise<StepResult<Notes & Partial<Pick<StepReport, 'accuracy' | 'frameBytes'>>>>,
  ) => {
    type Full = Notes & Partial<Pick<StepReport, 'accuracy' | 'frameBytes'>>;
    const startedAt = performance.now();
    const checkpoint = checkpointOf(step);
    const saved = await checkpoint.load<{ notes: Full; seconds: number }>(step);
    const result: StepResult<Full> = saved ? { tensors: saved.tensors, notes: saved.notes.notes } : await compute();
    const seconds = saved?.notes.seconds ?? secondsSince(startedAt);
    if (!saved) await checkpoint.save(step, { tensors: result.tensors, notes: { notes: result.notes, seconds } });
    const { accuracy, frameBytes } = result.notes;
    onStep?.({
      step,
      ...(accuracy === undefined ? {} : { accuracy }),
      ...(frameBytes === undefined ? {} : { frameBytes }),
      seconds,
      resumed: saved !== undefined,
    });
    return result;
  };
}
