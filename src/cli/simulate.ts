/** `aecnn simulate`: who answers in time, and how often rightly, over a link that is only computed. */

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { DatasetError, UsageError } from '../core/errors.ts';
import { createLinkModel, type LinkModel, parseLinkSpec } from '../core/link/index.ts';
import { stratifiedSelection } from '../lab/datasets/index.ts';
import {
  type AnswerTable,
  defaultRequests,
  type LinkMethodName,
  linkMethodDescriptions,
  linkMethodNames,
  type MethodResult,
  machineTimes,
  measuringGraphs,
  openAnswerTable,
  openPictureSource,
  poissonRequests,
  type Scenario,
  simulateMethods,
} from '../lab/experiments/index.ts';
import { createNodeRuntime } from '../runtime/node.ts';
import { samplesToMeasure } from './measured-samples.ts';
import { openModelFolder } from './model-folder.ts';
import { openData } from './open-data.ts';
import { type GlobalOptions, nonNegativeInteger, positiveInteger, positiveNumber } from './options.ts';
import { labelledBars, logLine, logWarning, printJson, printLine, runCommand, table } from './output.ts';

interface SimulateCommandOptions extends GlobalOptions {
  readonly data: string;
  readonly link: LinkModel;
  readonly deadline?: number;
  readonly networkDeadline?: number;
  readonly deviceSlowdown: number;
  readonly edgeSpeedup: number;
  readonly requests: number;
  readonly meanGap: number;
  readonly limit?: number;
  readonly methods: readonly LinkMethodName[];
  readonly pictureTail: 'plain' | 'adapted';
  readonly paper: string;
  readonly seed: number;
  readonly measureAnew?: true;
}

/** Adds `aecnn simulate` to the program. */
export function registerSimulate(program: Command): void {
  program
    .command('simulate')
    .description("answers in time over a link: the device's real policy on a virtual clock, answers of real frames")
    .argument('<model>', 'folder of a split model')
    .requiredOption('--data <folder|cifar10>', 'a folder with a folder per class, or cifar10')
    .requiredOption(
      '--link <spec>',
      'the link, e.g. fixed:1mbit,rtt=40ms or trace:uplink.up; see docs/links.md',
      linkModel,
    )
    .option('--deadline <ms>', 'from the picture to the answer', positiveNumber)
    .option(
      '--network-deadline <ms>',
      'from when there is something to send to the answer: device time is left out',
      positiveNumber,
    )
    .option('--device-slowdown <factor>', 'the device is so many times slower than this machine', positiveNumber, 1)
    .option('--edge-speedup <factor>', 'the edge is so many times faster than this machine', positiveNumber, 1)
    .option(
      '--requests <number>',
      `requests that count; ${defaultRequests.warmUp} more warm up`,
      positiveInteger,
      defaultRequests.requests,
    )
    .option(
      '--mean-gap <ms>',
      'mean time between requests, which come at random',
      positiveNumber,
      defaultRequests.meanGapMs,
    )
    .option(
      '--limit <number>',
      'simulate so many pictures of the test part, drawn evenly from the classes',
      positiveInteger,
    )
    .option('--methods <list>', 'which methods, by commas (default: all)', methodNames, [...linkMethodNames])
    .addOption(
      new Option(
        '--picture-tail <kind>',
        "pictures are answered by the network as it is, or by ones adapted to them in the paper's experiment",
      )
        .choices(['plain', 'adapted'])
        .default('plain'),
    )
    .option('--paper <folder>', "results of the paper's experiment, for --picture-tail adapted", 'results/paper')
    .option('--seed <number>', 'seed of requests and link', nonNegativeInteger, defaultRequests.seed)
    .option('--measure-anew', 'measure the times of device and edge again; else those of the first time are taken')
    .addHelpText(
      'after',
      `
Methods:
${linkMethodNames.map((name) => `  ${name.padEnd(24)}${linkMethodDescriptions[name]}`).join('\n')}

Examples:
  $ aecnn simulate my-model --data photos --link fixed:100kbit --network-deadline 100
  $ aecnn simulate my-model --data photos --link trace:uplink.up,rtt=40ms --network-deadline 100 --json
  $ aecnn simulate my-model --data photos --link rayleigh:bandwidth=1MHz,power=20dBm,distance=300m --deadline 300 --device-slowdown 4

A late answer counts as wrong. Whether an answer is right comes from decoding that picture's own frame, cut where it was cut
(computed once and kept in the cache). Times of device and edge are measured on this machine and then scaled.`,
    )
    .action((folder: string, options: SimulateCommandOptions) =>
      runCommand((signal) => runSimulation(folder, options, signal)),
    );
}

async function runSimulation(folder: string, options: SimulateCommandOptions, signal: AbortSignal): Promise<void> {
  const { deadline, networkDeadline, link, limit, seed, requests, meanGap, deviceSlowdown, edgeSpeedup } = options;
  const deadlineMs = deadline ?? networkDeadline;
  if (deadlineMs === undefined || (deadline !== undefined && networkDeadline !== undefined)) {
    throw new UsageError(
      'give one deadline: --deadline from the picture on, or --network-deadline without device time',
    );
  }
  const model = await openModelFolder(folder);
  const { dataSplit } = model.manifest;
  const dataset = await openData(
    options.data,
    options,
    { seed: dataSplit.seed, ...(dataSplit.limitPerClass && { limitPerClass: dataSplit.limitPerClass }) },
    signal,
  );
  const candidates = samplesToMeasure(dataset, model.manifest, false);
  const samples = limit ? stratifiedSelection(candidates, limit, dataSplit.seed) : candidates;
  const threads = options.threads ?? availableParallelism();
  const bars = labelledBars();
  try {
    const context = {
      model,
      readGraphs: () => measuringGraphs(model),
      runtime: await createNodeRuntime({ worker: false, threads }),
      threads,
      fingerprint: dataset.fingerprint,
      cacheFolder: options.cache,
      onProgress: bars.update,
      signal,
    };
    const { measureAnew = false } = options;
    const answers = await openAnswerTable(context, samples, { measureAnew });
    bars.stop();
    warnOfLoad(answers.timesMs);
    await using source = openPictureSource({
      context,
      dataset,
      samples,
      deviceSlowdown,
      ...(options.pictureTail === 'adapted' && { adaptedFolder: options.paper }),
    });
    const { warmUp } = defaultRequests;
    const scenario: Scenario = {
      link,
      deadlineMs,
      clockStarts: deadline === undefined ? 'network' : 'end-to-end',
      times: machineTimes(answers.timesMs, { deviceSlowdown, edgeSpeedup }),
      requests: poissonRequests({ requests, warmUp, meanGapMs: meanGap, pictures: samples.length, seed }),
      warmUp,
      seed,
    };
    const methods = await simulateMethods({
      scenario,
      model,
      pictures: answers.pictures,
      source,
      methods: options.methods,
      signal,
      onResult: ({ method }) => {
        bars.stop();
        logLine(`${method}: done`);
      },
    });
    bars.stop();
    if (options.json) {
      const { times, clockStarts } = scenario;
      printJson({
        model: model.manifest.name,
        modelId: model.manifest.modelId,
        link: link.spec,
        deadlineMs,
        clockStarts,
        pictures: samples.length,
        requests,
        meanGapMs: meanGap,
        seed,
        pictureTail: options.pictureTail,
        timesMs: { measured: answers.timesMs, deviceSlowdown, edgeSpeedup, simulated: times },
        methods,
      });
    } else printMethods(methods, scenario, options);
  } finally {
    bars.stop();
  }
}

function printMethods(
  methods: readonly MethodResult[],
  { times, clockStarts, deadlineMs }: Scenario,
  options: SimulateCommandOptions,
): void {
  const share = (value: number): string => `${(100 * value).toFixed(1)} %`;
  const ms = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(0));
  printLine(
    table(
      [
        'method',
        'answered in time',
        'right in time',
        'p50, ms',
        'p95, ms',
        'bytes',
        'edge',
        'edge-prefix',
        'device',
        'sent as',
      ],
      methods.map(({ method, answeredInTime, accuracyInTime, latencyMs, frameBytes, via, codec }) => [
        method,
        share(answeredInTime),
        share(accuracyInTime),
        ms(latencyMs.p50),
        ms(latencyMs.p95),
        frameBytes.mean.toFixed(0),
        share(via.edge),
        share(via['edge-prefix']),
        share(via.device),
        codec ?? '',
      ]),
    ),
  );
  const { deviceSlowdown, edgeSpeedup, link } = options;
  const scaled =
    deviceSlowdown === 1 && edgeSpeedup === 1
      ? 'as measured here'
      : `scaled: device ${deviceSlowdown} times slower, edge ${edgeSpeedup} times faster than measured here`;
  printLine(
    `${link.spec}, deadline ${deadlineMs} ms ${clockStarts === 'network' ? 'without' : 'with'} device time; device ${times.device.toFixed(0)} ms, edge ${times.edge.toFixed(0)} ms, whole network ${times.wholeOnEdge.toFixed(0)} ms on the edge and ${times.wholeOnDevice.toFixed(0)} ms on the device (${scaled}).`,
  );
}

/** Times of a machine that did something else as well are no times of the machine. */
function warnOfLoad({ loadAverage }: AnswerTable['timesMs']): void {
  if (loadAverage > availableParallelism() + 0.5) {
    logWarning(
      `device and edge were timed while this machine was busy (load average ${loadAverage.toFixed(1)}): ` +
        'run it again with --measure-anew when it is quiet',
    );
  }
}

/** Reads a link, with its trace; says what is wrong with it as a command line does. */
function linkModel(text: string): LinkModel {
  return createLinkModel(parseLinkSpec(text), (file) => {
    try {
      return readFileSync(file, 'utf8');
    } catch (cause) {
      throw new DatasetError(`the trace ${file} cannot be read: give the path of a recorded uplink`, { cause });
    }
  });
}

function methodNames(text: string): LinkMethodName[] {
  const names = text.split(',').map((name) => {
    const known = linkMethodNames.find((candidate) => candidate === name.trim());
    if (known === undefined) {
      throw new UsageError(
        `--methods ${text}: there is no method "${name.trim()}"; there are ${linkMethodNames.join(', ')}`,
      );
    }
    return known;
  });
  return [...new Set(names)];
}
