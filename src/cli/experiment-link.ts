/** `aecnn experiment link`: who answers in time, over links of every rate and recorded ones, from one command. */

import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { DatasetError, UsageError } from '../core/errors.ts';
import { type Manifest, type SplitPoint, splitPoints } from '../core/model/index.ts';
import { type Dataset, stratifiedSelection } from '../lab/datasets/index.ts';
import {
  type LinkExperiment,
  type LinkPartState,
  type LinkProtocol,
  type LinkResult,
  linkGrid,
  linkModelKey,
  linkPicturesPerClass,
  linkStates,
  openLinkLab,
  openLinkModel,
  readLinkModel,
  readUplinks,
  runLink,
  selectLinkParts,
  trainLinkModel,
} from '../lab/experiments/index.ts';
import { createNodeRuntime } from '../runtime/node.ts';
import { backboneSource, openBackbone } from './backbone.ts';
import { openData } from './open-data.ts';
import { type GlobalOptions, positiveInteger } from './options.ts';
import { labelledBars, logLine, logWarning, printJson, printLine, runCommand, table } from './output.ts';

interface LinkOptions extends GlobalOptions {
  readonly data: string;
  readonly out: string;
  readonly traces?: string;
  readonly only?: string;
  readonly splits: readonly SplitPoint[];
  readonly models?: string;
  readonly limit?: number;
  readonly dryRun?: boolean;
}

/** Adds `link` to `aecnn experiment`. */
export function registerExperimentLink(experiment: Command): void {
  experiment
    .command('link')
    .description('split points and pictures over links of every rate: completion time, right answers in time')
    .requiredOption('--data <folder|cifar10>', 'a folder with a folder per class, or cifar10')
    .option('--out <folder>', 'where the result files go', 'out/link')
    .option('--traces <folder>', 'recorded uplinks (*.up) to simulate too')
    .option('--only <parts>', 'run these comma-separated parts')
    .option('--splits <list>', 'split points, by commas (default: all)', splitList, [...splitPoints])
    .option('--models <folder>', 'take the models in its folders conv2_x, conv3_x, ... instead of training them')
    .option(
      '--limit <number>',
      'simulate so many pictures of the test part, drawn evenly from the classes',
      positiveInteger,
    )
    .option('--dry-run', 'only list the parts, and which of them have a result')
    .addHelpText(
      'after',
      `
Trains a model for each split point on ${linkPicturesPerClass} pictures of each class, answers the test part from every length of its frame,
and simulates links over these answers. The first two take about an hour each on two cores and are done once.

Parts:
  models             what the models answer at every length, and how long they take on this machine
  completion         time of one request against the rate of the link, for slower devices and faster edges
  accuracy-in-time   right answers in time against the rate, for three deadlines
  heat-map           right answers in time for every deadline and rate
  traces             all methods over recorded uplinks; needs --traces

Writes one JSON file for each part and leaves those alone that are there: an experiment that was stopped (Ctrl-C) or killed
goes on where it was, down to the steps of a training, when the same command is given again.

Examples:
  $ aecnn experiment link --data 101_ObjectCategories --traces uplinks --out results/link
  $ aecnn experiment link --data 101_ObjectCategories --out results/link --only completion,heat-map
  $ aecnn experiment link --data 101_ObjectCategories --splits conv4_x --limit 200
  $ aecnn experiment link --data 101_ObjectCategories --dry-run`,
    )
    .action((options: LinkOptions) => runCommand((signal) => runLinkCommand(options, signal)));
}

async function runLinkCommand(options: LinkOptions, signal: AbortSignal): Promise<void> {
  const uplinks = options.traces === undefined ? [] : await readUplinks(options.traces, linkGrid.roundTripMs);
  const parts = selectLinkParts(options.only, uplinks.length > 0);
  const dataset = await openData(options.data, options, { seed: 0, limitPerClass: linkPicturesPerClass }, signal);
  const samples = options.limit ? stratifiedSelection(dataset.test, options.limit, dataset.seed) : dataset.test;
  const threads = options.threads ?? availableParallelism();
  const given = await givenModels(options);
  const protocol: LinkProtocol = {
    data: dataset.name,
    dataHash: dataset.hash,
    trainImages: trainImagesOf(given, options, dataset),
    testImages: samples.length,
    models: modelKeys(given, options, dataset, threads),
  };
  const experiment: LinkExperiment = { parts, protocol, grid: linkGrid, uplinks, outFolder: options.out };
  if (options.dryRun) {
    printStates(await linkStates(experiment), options);
    return;
  }
  if (uplinks.length === 0 && options.only === undefined) {
    logLine('part traces is left out: give --traces <folder> to simulate recorded uplinks too');
  }
  const bars = labelledBars();
  try {
    const results = await runLink({
      ...experiment,
      command: `npx aecnn ${process.argv.slice(2).join(' ')}`,
      async open(times) {
        const folded = await openBackbone(options, signal);
        const runtime = await createNodeRuntime({ worker: false, threads });
        const machine = { runtime, threads, cacheFolder: options.cache, onProgress: bars.update, signal };
        const sources = [backboneSource, dataSource(options.data)];
        const training = { ...machine, dataset, folded, sources };
        return openLinkLab({
          ...machine,
          dataset,
          samples,
          times,
          splits: options.splits,
          openModel: async (split) =>
            openLinkModel(givenModel(options, split) ?? (await trainLinkModel(split, training)), split, training),
        });
      },
      onStart: (part) => {
        bars.stop();
        logLine(part);
      },
      onResult: ({ part, seconds }) => {
        bars.stop();
        logLine(`${part}: done in ${seconds} s`);
      },
      onProgress: bars.update,
      signal,
    });
    bars.stop();
    warnOfLoad(results, options);
    if (options.json) printJson(results);
    else printLine(summary(results, options.out));
  } finally {
    bars.stop();
  }
}

const givenModel = ({ models }: LinkOptions, split: SplitPoint): string | undefined =>
  models === undefined ? undefined : join(models, split);

/** What the results of each split point depend on: the recipe of its model, or the id of the given one. */
function modelKeys(
  given: ReadonlyMap<SplitPoint, Manifest>,
  { splits }: LinkOptions,
  dataset: Dataset,
  threads: number,
): LinkProtocol['models'] {
  return Object.fromEntries(
    splits.map((split) => [split, given.get(split)?.modelId ?? linkModelKey(split, { dataset, threads })]),
  );
}

/** What the given models say of themselves; of none when they are to be trained. */
async function givenModels(options: LinkOptions): Promise<ReadonlyMap<SplitPoint, Manifest>> {
  const given = new Map<SplitPoint, Manifest>();
  for (const split of options.splits) {
    const folder = givenModel(options, split);
    if (folder !== undefined) given.set(split, (await readLinkModel(folder)).manifest);
  }
  return given;
}

/** Pictures that the models learned from: those of the data set, or what the given models say. */
function trainImagesOf(given: ReadonlyMap<SplitPoint, Manifest>, options: LinkOptions, dataset: Dataset): number {
  const counts = new Set(Array.from(given.values(), ({ dataSplit }) => dataSplit.trainImages));
  if (counts.size > 1) {
    throw new DatasetError(
      `the models in ${options.models} learned from different numbers of pictures (${[...counts].join(', ')}): give models ` +
        'that learned from the same ones, or they are not compared but their data',
    );
  }
  const [count = dataset.train.length] = counts;
  return count;
}

const dataSource = (data: string) => ({
  name: basename(resolve(data)),
  licence: 'not stated',
  url: 'a local folder',
  what: 'training pictures',
});

function splitList(text: string): SplitPoint[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !(splitPoints as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--splits ${text}: there is no split point "${unknown}"; there are ${splitPoints.join(', ')}`);
  }
  return splitPoints.filter((split) => names.includes(split));
}

/** Times that were measured beside other work are too long, and everything rests on them. */
function warnOfLoad(results: readonly LinkResult[], { out }: LinkOptions): void {
  const [first] = results;
  const { cores = 0 } = first?.provenance.machine ?? {};
  const loads = first?.models.map(({ timesMs }) => timesMs.loadAverage) ?? [];
  // Computing answers loads all cores by itself.
  if (Math.max(...loads) > cores + 0.5) {
    logWarning(
      `times were measured at load averages of ${loads.map((load) => load.toFixed(1)).join(', ')} on ${cores} cores: other ` +
        `processes slowed them down. Remove ${join(out, 'models.json')} and run again when the machine is quiet`,
    );
  }
}

function summary(results: readonly LinkResult[], folder: string): string {
  const files = results.length === 1 ? 'result file' : 'result files';
  return `${results.length} ${files} in ${folder}: ${results.map(({ part }) => `${part}.json`).join(', ')}`;
}

function printStates(states: readonly LinkPartState[], { json }: LinkOptions): void {
  const rows = states.map(({ part, result }) => ({ part, done: result !== undefined }));
  if (json) printJson(rows);
  else
    printLine(
      table(
        ['part', 'result'],
        rows.map(({ part, done }) => [part, done ? 'there' : 'to be run']),
      ),
    );
}
