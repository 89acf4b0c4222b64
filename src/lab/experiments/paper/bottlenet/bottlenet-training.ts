/**
 * The training of BottleNet++ (arXiv:1910.14315, section III): the backbone (our teacher) is given, then encoder and decoder in
 * front of a frozen tail, then everything. Cross-entropy; with distillation, as a second column, our own method's loss.
 *
 * Patience, most epochs and the decay are those of AECNN end to end, but that patience begins later; the last phase has the
 * epochs of AECNN's fine-tuning, and another round while the last is its best.
 */

import type { SplitPoint } from '../../../../core/model/index.ts';
import { createRandom, elementCount, type TensorMap, tensor } from '../../../../core/tensor/index.ts';
import { klDivergence, softmaxCrossEntropy } from '../../../autodiff/index.ts';
import { add, input } from '../../../graph/index.ts';
import {
  type BottlenetShape,
  bottlenetParameters,
  decodeBottlenet,
  encodeBottlenet,
  initialBottlenet,
  latentShapeOf,
} from '../../../networks/index.ts';
import {
  accuracyOf,
  type EpochRecord,
  isLastStageParameter,
  type OptimizeResult,
  oneHot,
  optimize,
  type Plateau,
  rowsOf,
  type StepContext,
  type Tail,
  tailLearningRate,
  withoutProgress,
} from '../../../training/index.ts';
import type { PaperEpochs } from '../protocol.ts';
import { batchNormalization, featureScale, fitBatchNorms } from './bottlenet-batch-norms.ts';
import { bottlenetLogits, receivedOf, sentLevels } from './bottlenet-levels.ts';
import { frozenTailPair, type TailPair } from './bottlenet-tails.ts';
import { bitsOfLevel, drawErasures, eraseBitsStraightThrough } from './erasure-channel.ts';

/** Training samples that batch norms are fitted on: after each epoch, to follow the training, and at the end of a phase. */
const batchNormSamples = { epoch: 512, end: 1024 };

/** Seeds of the phases, added to the recipe's. */
const phaseSeeds = { start: 20, compressor: 21, fineTune: 22, round: 100, erasures: 1 << 20 };

/**
 * Epochs that patience begins after: in front of conv3_x and earlier, encoder and decoder answer at chance for the first few
 * and rise then.
 */
const epochsBeforePlateau = 10;

/** What is trained, and for what. */
export interface BottlenetTask {
  readonly shape: BottlenetShape;
  readonly epochs: Pick<PaperEpochs, 'mostUntilPlateau' | 'patience' | 'decay' | 'fineTune'>;
  /** Peak of encoder and decoder in front of the frozen tail. */
  readonly learningRate: number;
  /** Add distillation from the teacher to the loss. */
  readonly distillation: boolean;
  /** `float32[count, classes]` of all samples; read with `distillation` only. */
  readonly teacherLogits: Float32Array;
  /** Probability that a bit is lost in training; no channel when left out. */
  readonly erasureProbability?: number;
}

/** What a phase came to. */
export interface BottlenetPhase {
  /** Trained parameters, and statistics of the batch norms. */
  readonly tensors: TensorMap;
  /** Of the validation part, through quantization, without erasures. */
  readonly accuracy: number;
  /** Since the start of the phase. */
  readonly epochs: readonly EpochRecord[];
  /** Of the training alone: validation is left out. */
  readonly seconds: number;
}

/**
 * Trains encoder and decoder in front of a frozen tail: at a constant learning rate until validation stops rising, then with
 * a falling one. With a `context` whose training part is a subset, its accuracy is what learning rates are chosen by.
 */
export async function trainCompressor(context: StepContext, task: BottlenetTask, tail: Tail): Promise<BottlenetPhase> {
  return runPhase(context, task, frozenTailPair(tail), compressorPhase(context, task));
}

/** Epochs at the end of a trial that it is judged by: at a constant learning rate, one alone is up to chance. */
const judgedEpochs = 3;

/**
 * The first so many epochs of {@link trainCompressor}, which goes on from there.
 *
 * @returns Best accuracy of the validation part in the last three of them, and the seconds they took.
 */
export async function tryCompressor(
  context: StepContext,
  task: BottlenetTask,
  tail: Tail,
  epochs: number,
): Promise<Pick<BottlenetPhase, 'accuracy' | 'seconds'>> {
  const phase = { ...compressorPhase(context, task), pauseAfter: epochs };
  const saved = await context.checkpoint.load<Omit<BottlenetPhase, 'tensors'>>(phase.name);
  const records = saved?.notes.epochs ?? (await optimizePhase(context, task, frozenTailPair(tail), phase)).epochs;
  const judged = records.slice(0, epochs).slice(-judgedEpochs);
  return { accuracy: Math.max(...judged.map(({ accuracy }) => accuracy)), seconds: judged.at(-1)?.seconds ?? 0 };
}

/**
 * Whether the decoder starts at the scale of the feature map. Behind conv5_x only a linear layer reads it: there the usual start
 * (gamma 1, beta 0) was no worse on the validation part.
 */
const startsAtFeatureScale = (split: SplitPoint): boolean => split !== 'conv5_x';

function compressorPhase(context: StepContext, { epochs, learningRate, shape }: BottlenetTask): PhaseOptions {
  const { seed } = context.recipe;
  return {
    name: 'bottlenet-compressor',
    seed: seed + phaseSeeds.compressor,
    start: async () => ({
      ...initialBottlenet(shape, createRandom(seed + phaseSeeds.start)),
      ...(startsAtFeatureScale(context.split)
        ? await featureScale(withoutProgress(context), batchNormSamples.end)
        : {}),
    }),
    epochs: epochs.mostUntilPlateau,
    plateau: { patience: epochs.patience, decayEpochs: epochs.decay, notBefore: epochsBeforePlateau },
    learningRate,
  };
}

/**
 * Trains everything: encoder, decoder, and the tail as far as it has parameters in `start`. A round has the epochs of every
 * method that trains a tail; while the last of them is the best of all, another follows. The round with the best
 * last epoch, of equals the later, is kept; epochs and seconds count those behind it too.
 */
export async function trainEverything(
  context: StepContext,
  task: BottlenetTask,
  compressor: BottlenetPhase,
  tails: TailPair & { readonly start: TensorMap },
): Promise<BottlenetPhase> {
  const { recipe } = context;
  const { fineTune, mostUntilPlateau } = task.epochs;
  const parts = { ...bottlenetParameters(task.shape), ...tails.start };
  let phase: BottlenetPhase = {
    ...compressor,
    tensors: { ...compressor.tensors, ...tails.start },
    epochs: [],
    seconds: 0,
  };
  let best = phase;
  for (let round = 0; round === 0 || (isStillRising(phase) && (round + 1) * fineTune <= mostUntilPlateau); round++) {
    const before = phase.tensors;
    const next = await runPhase(context, task, tails, {
      name: round === 0 ? 'bottlenet-fine-tune' : `bottlenet-fine-tune-${round}`,
      seed: recipe.seed + phaseSeeds.fineTune + phaseSeeds.round * round,
      start: async () => namedAs(parts, before),
      epochs: fineTune,
      learningRate: recipe.learningRates.fineTune,
    });
    phase = appended(phase, next);
    if (endOf(phase) >= endOf(best)) best = phase;
  }
  return { ...phase, tensors: best.tensors, accuracy: best.accuracy };
}

/** Accuracy after the last epoch; 0 before the first. */
const endOf = ({ epochs }: Pick<BottlenetPhase, 'epochs'>): number => epochs.at(-1)?.accuracy ?? 0;

/** Whether the last epoch is better than all before it. */
const isStillRising = (phase: Pick<BottlenetPhase, 'epochs'>): boolean =>
  endOf(phase) > Math.max(...phase.epochs.slice(0, -1).map(({ accuracy }) => accuracy));

/** A round behind the rounds before it: their epochs and seconds count on. */
const appended = (before: BottlenetPhase, next: BottlenetPhase): BottlenetPhase => ({
  ...next,
  seconds: before.seconds + next.seconds,
  epochs: [
    ...before.epochs,
    ...next.epochs.map(({ epoch, seconds, accuracy }) => ({
      epoch: before.epochs.length + epoch,
      seconds: before.seconds + seconds,
      accuracy,
    })),
  ],
});

/** The tensors that have these names: parameters without the statistics of the batch norms. */
const namedAs = (names: Readonly<Record<string, unknown>>, tensors: TensorMap): TensorMap =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => name in names));

interface PhaseOptions {
  /** Also of its checkpoint. */
  readonly name: string;
  readonly seed: number;
  /** Parameters to start from; asked for unless the phase is finished. */
  readonly start: () => Promise<TensorMap>;
  readonly epochs: number;
  readonly plateau?: Plateau;
  readonly pauseAfter?: number;
  readonly learningRate: number;
}

/** Trains a phase, or takes it from its checkpoint. */
async function runPhase(
  context: StepContext,
  task: BottlenetTask,
  tails: TailPair,
  phase: PhaseOptions,
): Promise<BottlenetPhase> {
  const { checkpoint } = context;
  const saved = await checkpoint.load<Omit<BottlenetPhase, 'tensors'>>(phase.name);
  if (saved) return { tensors: saved.tensors, ...saved.notes };
  const { parameters, epochs } = await optimizePhase(context, task, tails, phase);
  const { tensors, accuracy } = await evaluated(context, task, tails, parameters, batchNormSamples.end);
  const notes = { accuracy, epochs, seconds: epochs.at(-1)?.seconds ?? 0 };
  await checkpoint.save(phase.name, { tensors, notes });
  return { tensors, ...notes };
}

/** Parameters with fitted batch norms, and their accuracy on the validation part. */
async function evaluated(
  context: StepContext,
  { shape }: BottlenetTask,
  tails: TailPair,
  parameters: TensorMap,
  samples: number,
): Promise<Pick<BottlenetPhase, 'tensors' | 'accuracy'>> {
  const { set } = context;
  const quiet = withoutProgress(context);
  const tensors = { ...parameters, ...(await fitBatchNorms(quiet, shape, parameters, samples)) };
  const trained = { shape, tensors, tail: tails.frozen(parameters) };
  return { tensors, accuracy: accuracyOf(set, set.validation, await bottlenetLogits(quiet, trained, set.validation)) };
}

async function optimizePhase(
  context: StepContext,
  task: BottlenetTask,
  tails: TailPair,
  { start, ...phase }: PhaseOptions,
): Promise<OptimizeResult> {
  const { set, recipe } = context;
  const { shape, distillation, teacherLogits } = task;
  const batchSize = Math.min(recipe.batchSize, set.train.length);
  const erasures = erasuresOf(task, batchSize, phase.seed);
  return optimize<number>({
    ...context,
    ...phase,
    parameters: await start(),
    batchSize,
    samples: set.train,
    learningRateFactor: (name) => (isLastStageParameter(name) ? tailLearningRate : 1),
    validate: async (trained) => (await evaluated(context, task, tails, trained, batchNormSamples.epoch)).accuracy,
    build: (graph, trained) => {
      const maps = input(graph, 'maps', 'float32', [batchSize, ...shape.featureShape]);
      const normalize = batchNormalization(trained);
      const levels = sentLevels(encodeBottlenet(maps, shape, trained, normalize));
      const received = erasures
        ? eraseBitsStraightThrough(levels, input(graph, 'erasures', 'float32', erasures.shape))
        : levels;
      const restored = decodeBottlenet(receivedOf(received), shape, trained, normalize);
      const logits = tails.training(trained).logits(restored);
      const loss = softmaxCrossEntropy(logits, input(graph, 'targets', 'float32', [batchSize, set.classes]));
      if (!distillation) return { loss };
      const teacher = input(graph, 'teacher', 'float32', [batchSize, set.classes]);
      return { loss: add(klDivergence(teacher, logits, recipe.distillationTemperature), loss) };
    },
    batch: async (samples) => ({
      maps: await set.features.readMaps(samples),
      targets: oneHot(set, samples),
      ...(distillation ? { teacher: rowsOf(teacherLogits, set.classes, samples) } : {}),
      ...(erasures ? { erasures: erasures.draw() } : {}),
    }),
    ...(erasures ? { notes: erasures.notes } : {}),
  });
}

/** Lost bits of each batch: of the same batch the same, however often the training was broken off. */
function erasuresOf({ shape, erasureProbability = 0 }: BottlenetTask, batchSize: number, seed: number) {
  if (erasureProbability === 0) return undefined;
  const size = [bitsOfLevel, batchSize, ...latentShapeOf(shape)];
  let drawn = 0;
  return {
    shape: size,
    draw: () => {
      const random = createRandom(seed * phaseSeeds.erasures + drawn);
      drawn++;
      return tensor('float32', size, drawErasures(elementCount(size), erasureProbability, random));
    },
    notes: {
      save: () => drawn,
      restore: (count: number) => {
        drawn = count;
      },
    },
  };
}
