/**
 * BottleNet++ in the paper's experiment: one configuration trained and measured, and the choice of its learning rate.
 *
 * A gift to the baseline: its raw bytes are counted without any header, so at `256x` the payload alone fills the budget.
 */

import type { SplitPoint } from '../../../../core/model/index.ts';
import { createRandom, elementCount } from '../../../../core/tensor/index.ts';
import { bottlenetShape, latentShapeOf } from '../../../networks/index.ts';
import {
  accuracyOf,
  rowsOf,
  type StepContext,
  type Tail,
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
  testContextOf,
} from '../paper-context.ts';
import type { FrameSize, PaperResult, TestMeasure, TunedLearningRate } from '../paper-result.ts';
import { budgetBytes } from '../protocol.ts';
import { frameBytesOf, testMeasure } from '../test-measure.ts';
import { trainingVersions } from '../training-versions.ts';
import { levelsOf, logitsOfReceived, type TrainedBottlenet } from './bottlenet-levels.ts';
import { lastStage } from './bottlenet-tails.ts';
import {
  type BottlenetPhase,
  type BottlenetTask,
  trainCompressor,
  trainEverything,
  tryCompressor,
} from './bottlenet-training.ts';
import { byteFrameModel, frameSizes } from './byte-frames.ts';
import { bitsOfLevel, drawErasures, eraseBits } from './erasure-channel.ts';

/** Seed of the lost bits of the test part, added to the configuration's. */
const testErasureSeed = 40;

/** One configuration. */
export interface BottlenetOptions {
  readonly split: SplitPoint;
  readonly size: FrameSize;
  readonly seed: number;
  /** Add distillation from the teacher to the paper's cross-entropy. */
  readonly distillation: boolean;
  /** Peak of encoder and decoder in front of the frozen tail. */
  readonly learningRate: number;
  /** Peak of encoder and decoder in the last phase; the tail gets a tenth of it. */
  readonly fineTuneLearningRate: number;
  /** Probability that a bit is lost: in training, and in rows of their own in evaluation. No channel when left out. */
  readonly erasureProbability?: number;
  /** Share of the training samples to train on; all when left out. */
  readonly part?: number;
}

/** What a training of a configuration is given. */
interface Prepared {
  readonly context: StepContext;
  /** Of the checkpoints up to the last phase. */
  readonly key: Readonly<Record<string, unknown>>;
  readonly task: BottlenetTask;
  readonly teacher: Teacher;
  readonly tail: Tail;
  readonly teacherLogits: Float32Array;
}

/** What everything up to the last phase needs. */
type CompressorOptions = Omit<BottlenetOptions, 'fineTuneLearningRate'>;

async function prepare(paper: PaperContext, options: CompressorOptions): Promise<Prepared> {
  const { split, size, seed, part = 1, distillation, learningRate, erasureProbability } = options;
  const key = { method: 'bottlenet', trainingVersion: trainingVersions.bottlenet(split), ...options };
  const teacher = await teacherOf(paper, seed);
  const whole = stepContextOf(paper, split, seed, openPaperCheckpoint(paper, key));
  const context = withShare(whole, part);
  const teacherLogits = await teacherLogitsOf(context, teacher);
  const task: BottlenetTask = {
    shape: bottlenetShape(split, budgetBytes(split, size)),
    epochs: paper.protocol.epochs,
    learningRate,
    distillation,
    teacherLogits,
    ...(erasureProbability === undefined ? {} : { erasureProbability }),
  };
  return { context, key, task, teacher, teacherLogits, tail: teacherTailOf(context, teacher) };
}

/** Trains and measures one configuration; goes on from its checkpoints. */
export async function runBottlenet(
  paper: PaperContext,
  options: BottlenetOptions,
): Promise<Omit<PaperResult, 'id' | 'provenance'>> {
  const { split, size, seed } = options;
  const { fineTuneLearningRate, ...compressorOptions } = options;
  const prepared = await prepare(paper, compressorOptions);
  const { context, task, teacher, teacherLogits, tail } = prepared;
  const { set } = context;
  const compressor = await trainCompressor(context, task, tail);
  const { everything, tails } = await fineTuned(paper, prepared, compressor, fineTuneLearningRate);

  const steps = [
    { name: 'teacher', seconds: teacher.seconds },
    { name: 'compressor', seconds: compressor.seconds },
    { name: 'everything', seconds: everything.seconds },
  ];
  const latentShape = latentShapeOf(task.shape);
  const bytes = frameBytesOf([elementCount(latentShape)]);
  const uncompressed = rowsOf(teacherLogits, set.classes, set.validation).data;
  const trained = [
    { name: 'tail frozen', phase: compressor, tail },
    { name: 'all trained', phase: everything, tail: tails.frozen(everything.tensors) },
  ];
  // The test part is read here, once, after all choices.
  const test: TestMeasure[] = [];
  for (const { name, phase, tail: behind } of trained) {
    const network = { shape: task.shape, tensors: phase.tensors, tail: behind };
    test.push(...(await measured(paper, context, options, name, network)));
  }
  return {
    method: 'bottlenet',
    split,
    size,
    seed,
    settings: { ...options, latentShape, shrink: task.shape.shrink, epochs: task.epochs },
    steps,
    trainingSeconds: steps.reduce((sum, { seconds }) => sum + seconds, 0),
    history: [
      ...moments('compressor', compressor, teacher.seconds),
      ...moments('everything', everything, teacher.seconds + compressor.seconds),
    ],
    validation: [
      { name: 'uncompressed', accuracy: accuracyOf(set, set.validation, uncompressed) },
      ...trained.map(({ name, phase }) => ({ name, accuracy: phase.accuracy, bytes })),
    ],
    test,
    notes: {},
  };
}

/** The last phase. */
async function fineTuned(
  paper: PaperContext,
  { context, key, task, teacher }: Prepared,
  compressor: BottlenetPhase,
  fineTuneLearningRate: number,
): Promise<{ readonly everything: BottlenetPhase; readonly tails: ReturnType<typeof lastStage> }> {
  const tails = lastStage(context, teacher.tensors);
  const step = fineTuneContextOf(paper, context, key, fineTuneLearningRate);
  return { tails, everything: await trainEverything(step, task, compressor, tails) };
}

const moments = (step: string, { epochs }: BottlenetPhase, secondsBefore: number) =>
  epochs.map(({ seconds, accuracy }) => ({ step, seconds: secondsBefore + seconds, accuracy }));

/** The rows of one trained network on the test part: the answers are the same raw and entropy coded, which loses nothing. */
async function measured(
  paper: PaperContext,
  context: StepContext,
  { erasureProbability, seed }: BottlenetOptions,
  name: string,
  network: TrainedBottlenet,
): Promise<TestMeasure[]> {
  const quiet = withoutProgress(context);
  const test = testContextOf(paper, quiet);
  const { validation: samples } = test.set;
  const levels = await levelsOf(test, network, samples);
  const logits = await logitsOfReceived(test, network, levels);
  const raw = levels.map(({ length }) => length);
  const model = byteFrameModel(latentShapeOf(network.shape), await levelsOf(quiet, network, quiet.set.train));
  const rows = [
    testMeasure(`${name}, raw bits`, test.set, logits, raw),
    testMeasure(`${name}, entropy coded`, test.set, logits, frameSizes(levels, model)),
  ];
  if (erasureProbability === undefined) return rows;
  const random = createRandom(seed + testErasureSeed);
  const received = levels.map((sent) =>
    eraseBits(sent, drawErasures(bitsOfLevel * sent.length, erasureProbability, random)),
  );
  const erased = await logitsOfReceived(test, network, received);
  return [
    ...rows,
    testMeasure(`${name}, raw bits, ${Math.round(1e4 * erasureProbability) / 100} % erased`, test.set, erased, raw),
  ];
}

/**
 * Trains encoder and decoder at several learning rates; never reads the test part.
 *
 * @param options - `trialEpochs`: compare them after so many epochs instead of at their ends, as successive halving does
 * (Jamieson and Talwalkar, AISTATS 2016); the configuration that takes the best one goes on from there.
 */
export async function tuneBottlenet(
  paper: PaperContext,
  options: Omit<CompressorOptions, 'learningRate'> & {
    readonly learningRates: readonly number[];
    readonly trialEpochs?: number;
  },
): Promise<TunedLearningRate[]> {
  const { learningRates, trialEpochs, ...fixed } = options;
  const tuned: TunedLearningRate[] = [];
  for (const learningRate of learningRates) {
    const { context, task, tail } = await prepare(paper, { ...fixed, learningRate });
    const { accuracy, seconds } =
      trialEpochs === undefined
        ? await trainCompressor(context, task, tail)
        : await tryCompressor(context, task, tail, trialEpochs);
    tuned.push({ learningRate, accuracy, seconds });
  }
  return tuned;
}

/** Trains the last phase at several learning rates, behind the compressor of one configuration; never reads the test part. */
export async function tuneBottlenetFineTuning(
  paper: PaperContext,
  options: CompressorOptions,
  learningRates: readonly number[],
): Promise<TunedLearningRate[]> {
  const prepared = await prepare(paper, options);
  const compressor = await trainCompressor(prepared.context, prepared.task, prepared.tail);
  const tuned: TunedLearningRate[] = [];
  for (const learningRate of learningRates) {
    const { everything } = await fineTuned(paper, prepared, compressor, learningRate);
    tuned.push({ learningRate, accuracy: everything.accuracy, seconds: everything.seconds });
  }
  return tuned;
}
