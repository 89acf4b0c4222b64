/** `aecnn experiment paper`: the paper's comparison, configuration by configuration, from one command. */

import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../core/errors.ts';
import { splitPoints } from '../core/model/index.ts';
import {
  type ConfigurationState,
  type PaperResult,
  paperGrid,
  paperParts,
  paperProtocol,
  paperStates,
  quickGrid,
  quickProtocol,
  type RunPaperOptions,
  runPaper,
  selectConfigurations,
} from '../lab/experiments/index.ts';
import { createNodeRuntime } from '../runtime/node.ts';
import { openBackbone } from './backbone.ts';
import { cifar10Name, openData } from './open-data.ts';
import { type GlobalOptions, positiveInteger } from './options.ts';
import { labelledBars, logLine, printJson, printLine, runCommand, table } from './output.ts';

interface PaperOptions extends GlobalOptions {
  readonly data?: string;
  readonly out?: string;
  readonly quick?: boolean;
  readonly only?: string;
  readonly trainPerClass?: number | 'all';
  readonly dryRun?: boolean;
}

/** Adds `paper` to `aecnn experiment`. */
export function registerExperimentPaper(experiment: Command): void {
  experiment
    .command('paper')
    .description('AECNN, BottleNet++ and picture codecs: accuracy against bytes on the same test pictures')
    .option('--data <folder|cifar10>', 'a folder with a folder per class, or cifar10 (default with --quick: cifar10)')
    .option('--out <folder>', 'where the result files go (default: out/paper, with --quick out/paper-quick)')
    .option('--quick', 'AECNN, BottleNet++ and JPEG at conv4_x, 50 pictures a class: about a quarter of an hour')
    .option('--only <parts>', 'run the configurations whose id is, or has in it, one of these comma-separated parts')
    .option(
      '--train-per-class <number|all>',
      'pictures of each class that compressors are trained on; the classifier sees all (default: 15, with --quick all)',
      (text) => (text === 'all' ? text : positiveInteger(text)),
    )
    .option('--dry-run', 'only list the configurations, and which of them have a result')
    .addHelpText(
      'after',
      `
Writes one JSON file for each configuration and leaves those alone that are there: an experiment that was stopped
(Ctrl-C) or killed goes on where it was, down to the steps of a training, when the same command is given again.

Examples:
  $ aecnn experiment paper --quick
  $ aecnn experiment paper --data 101_ObjectCategories --out results/paper
  $ aecnn experiment paper --data 101_ObjectCategories --out results/paper --only conv4x-packet,pictures
  $ aecnn experiment paper --data 101_ObjectCategories --dry-run`,
    )
    .action((options: PaperOptions) => runCommand((signal) => runPaperCommand(options, signal)));
}

async function runPaperCommand(options: PaperOptions, signal: AbortSignal): Promise<void> {
  const quick = options.quick === true;
  const data = options.data ?? (quick ? cifar10Name : undefined);
  if (data === undefined) throw missingData();
  const outFolder = options.out ?? (quick ? 'out/paper-quick' : 'out/paper');
  const grid = quick ? quickGrid() : paperGrid();
  const configurations = selectConfigurations(grid, options.only);
  const wholeDataset = await openData(data, options, { seed: 0 }, signal);
  const { trainPerClass: usual, ...choices } = quick ? quickProtocol : paperProtocol;
  const { trainPerClass = usual ?? 'all' } = options;
  const protocol: RunPaperOptions['protocol'] = {
    ...choices,
    data: data === cifar10Name ? data : basename(resolve(data)),
    ...(trainPerClass === 'all' ? {} : { trainPerClass }),
  };
  if (options.dryRun) {
    const completed = paperParts(wholeDataset, protocol).protocol;
    printStates(await paperStates(configurations, outFolder, completed, grid), options);
    return;
  }
  const threads = options.threads ?? availableParallelism();
  const bars = labelledBars();
  try {
    const results = await runPaper(
      {
        configurations,
        dataset: wholeDataset,
        protocol,
        splits: quick ? ['conv4_x', 'conv5_x'] : splitPoints,
        folded: await openBackbone(options, signal),
        runtime: await createNodeRuntime({ worker: false, threads }),
        threads,
        cacheFolder: options.cache,
        outFolder,
        command: `npx aecnn ${process.argv.slice(2).join(' ')}`,
        onStart: ({ id }, done, total) => {
          bars.stop();
          logLine(`${id} (${done + 1} of ${total})`);
        },
        onResult: (result) => {
          bars.stop();
          logLine(describe(result));
        },
        onProgress: bars.update,
        signal,
      },
      grid,
    );
    bars.stop();
    if (options.json) printJson(results);
    else {
      printLine(resultTable(results));
      printLine(`${results.length} result files in ${outFolder}.`);
    }
  } finally {
    bars.stop();
  }
}

function missingData(): UsageError {
  return new UsageError('give --data <folder with a folder per class>, or --quick, which fetches CIFAR-10');
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

function describe({ id, test, validation, trainingSeconds }: PaperResult): string {
  const [first] = test.length > 0 ? test : validation;
  const accuracy = first ? `${first.name}: ${percent(first.accuracy)}` : '';
  const bytes = first?.bytes ? ` at ${first.bytes.mean.toFixed(0)} bytes (at most ${first.bytes.max})` : '';
  return `${id}: ${accuracy}${bytes}, trained for ${trainingSeconds.toFixed(0)} s`;
}

function resultTable(results: readonly PaperResult[]): string {
  return table(
    ['configuration', 'way', 'test accuracy', 'bytes, mean', 'max', 'training, s'],
    results.flatMap(({ id, test, trainingSeconds }) =>
      test.map(({ name, accuracy, bytes }) => [
        id,
        name,
        percent(accuracy),
        bytes.mean.toFixed(0),
        bytes.max,
        trainingSeconds.toFixed(0),
      ]),
    ),
  );
}

function printStates(states: readonly ConfigurationState[], { json }: PaperOptions): void {
  const rows = states.map(({ configuration, result }) => ({ id: configuration.id, done: result !== undefined }));
  if (json) printJson(rows);
  else {
    printLine(
      table(
        ['configuration', 'result'],
        rows.map(({ id, done }) => [id, done ? 'there' : 'to be run']),
      ),
    );
  }
}
