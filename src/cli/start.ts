/** `aecnn start`: the main job, from fetched weights to a report, over a slow link. */

import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { FixedLinkSpec } from '../core/link/index.ts';
import {
  deadlinesMs,
  defaultQualities,
  describeLink,
  methodLabels,
  methodNames,
  type PictureResult,
  prepareModels,
  provenance,
  runStart,
  type StartResult,
  startResult,
  writeReport,
} from '../lab/experiments/index.ts';
import { resnet50Package } from '../lab/weights/index.ts';
import { fetchWithProgress } from './fetch.ts';
import { type GlobalOptions, nonNegativeInteger, positiveInteger } from './options.ts';
import { logLine, logWarning, printJson, printLine, runCommand, table } from './output.ts';

interface StartOptions extends GlobalOptions {
  readonly out: string;
  readonly samples: string;
  readonly model: string;
  readonly uplink: number;
  readonly rtt: number;
  readonly jpegQuality: number;
  readonly webpQuality: number;
  readonly rawPictures: number;
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Adds `aecnn start` to the program. */
export function registerStart(program: Command): void {
  program
    .command('start')
    .description('the whole chain on sample pictures: device, slow link and edge, beside other ways of sending them')
    .option('--out <folder>', 'where report.html and result.json go', 'out/start')
    .addOption(
      new Option('--samples <folder>', 'pictures, in a folder per class').default(
        resolve(root, 'samples'),
        'the pictures of this repository',
      ),
    )
    .addOption(
      new Option('--model <path>', 'trained tensors, or the folder of a model that "aecnn train" wrote').default(
        resolve(root, 'models', 'caltech101-conv4x', 'trained.safetensors'),
        'the shipped model',
      ),
    )
    .addOption(
      new Option('--uplink <rate>', 'rate of the link from device to edge, e.g. 250kbit')
        .argParser(bitRate)
        .default(1e6, '1mbit'),
    )
    .option('--rtt <ms>', 'round trip of the link, half of it each way', milliseconds, 40)
    .option('--jpeg-quality <number>', 'quality of the JPEG row, 1 to 100', quality, defaultQualities.jpeg)
    .option('--webp-quality <number>', 'quality of the WebP row, 1 to 100', quality, defaultQualities.webp)
    .option('--raw-pictures <number>', 'pictures that are also sent as the raw feature map', nonNegativeInteger, 2)
    .addHelpText(
      'after',
      `
Fetches the weights of ResNet-50 once (95 MB), puts the shipped model together, starts an edge, a link that delays real
bytes and a device, each a process of its own, and sends every picture through them in each way. Then it writes a report.

Examples:
  $ aecnn start
  $ aecnn start --uplink 250kbit --rtt 120 --out out/slow
  $ aecnn start --samples my-pictures --jpeg-quality 20
  $ aecnn start --json > result.json`,
    )
    .action((options: StartOptions) => runCommand((signal) => start(options, signal)));
}

async function start(options: StartOptions, signal: AbortSignal): Promise<void> {
  const { cache, offline, threads, json, out, samples, model, uplink, rtt } = options;
  const say = json ? logLine : printLine;
  const link: FixedLinkSpec = { kind: 'fixed', rateBitsPerSecond: uplink, roundTripMs: rtt };
  const qualities = { jpeg: options.jpegQuality, webp: options.webpQuality };
  let startMs = performance.now();

  const models = await prepareModels({
    model: resolve(model),
    cacheFolder: cache,
    weightsFolder: async () => {
      const { folder, downloaded } = await fetchWithProgress(resnet50Package, { cache, offline }, signal);
      // The job's time counts from here: a download takes as long as the network likes.
      if (downloaded) startMs = performance.now();
      return folder;
    },
    onBuild: () => logLine('building the split model from its trained tensors and the weights, once'),
  });
  signal.throwIfAborted();
  say(`link: ${describeLink(link)}`);
  const measurement = await runStart({
    models,
    samplesFolder: resolve(samples),
    link,
    qualities,
    rawPictures: options.rawPictures,
    ...(threads !== undefined && { threads }),
    signal,
    onPhase: logLine,
    onPicture: (picture) => say(pictureLine(picture)),
  });
  const result = startResult(measurement, {
    provenance: await provenance(commandLine()),
    seconds: (performance.now() - startMs) / 1000,
    link,
    qualities,
  });
  warnOf(measurement.pictures);
  const written = await writeReport(resolve(out), result, measurement.pictures);
  if (json) printJson(result);
  else printLine(methodTable(result));
  say(modelLine(result));
  say(`${result.seconds.toFixed(0)} s in all; report: ${written.report}`);
  say(`numbers: ${written.result}`);
}

function pictureLine({ name, answers: { aecnn } }: PictureResult): string {
  if (aecnn === undefined) return name;
  const { top, right, via, sentBytes, timeMs } = aecnn;
  const { device, link, edge, total } = timeMs;
  const parts = [device, link, edge].map((ms) => ms.toFixed(0).padStart(3));
  return [
    name.padEnd(30),
    (right ? 'right' : 'WRONG').padEnd(6),
    (top[0]?.label ?? '-').padEnd(16),
    `${String(sentBytes).padStart(5)} B `,
    `device ${parts[0]} + link ${parts[1]} + edge ${parts[2]} = ${total.toFixed(0).padStart(3)} ms`,
    via === 'device' ? '  (answered by the device)' : '',
  ].join(' ');
}

function methodTable({ methods, qualities, pictures }: StartResult): string {
  const labels = methodLabels(qualities);
  const rows = methodNames.flatMap((name) => {
    const summary = methods[name];
    if (summary === undefined) return [];
    const { n, accuracy, sentBytes, latencyMs, answeredWithin } = summary;
    return [
      [
        n < pictures.length ? `${labels[name]} (n = ${n})` : labels[name],
        `${(100 * accuracy).toFixed(1)} %`,
        sentBytes.mean.toFixed(0),
        latencyMs.p50.toFixed(0),
        latencyMs.p95.toFixed(0),
        ...deadlinesMs.map((ms) => `${(100 * (answeredWithin[ms] ?? 0)).toFixed(0)} %`),
      ],
    ];
  });
  const heads = ['sent as', 'accuracy', 'mean bytes', 'p50 ms', 'p95 ms', ...deadlinesMs.map((ms) => `in ${ms} ms`)];
  return table(heads, rows);
}

function modelLine({ model, methods, pictures }: StartResult): string {
  const bytes = methods.aecnn?.sentBytes;
  return (
    `${pictures.length} pictures; a frame is ${model.compressionRatio.toFixed(0)}x smaller than the float32 feature map ` +
    `(${model.featureBytes} bytes, of which the network reads ${model.readFeatureBytes}) and at most ${bytes?.max ?? 0} bytes`
  );
}

/** The edge not answering, or a damaged frame, should not happen here: say so. */
function warnOf(pictures: readonly PictureResult[]): void {
  for (const { name, answers } of pictures) {
    if (answers.aecnn?.warning !== undefined) logWarning(`${name}: ${answers.aecnn.warning}`);
  }
}

function commandLine(): string {
  return ['aecnn', ...process.argv.slice(2)].join(' ');
}

/** Parses a rate such as `1mbit`, `250 kbit/s` or `64000` (bits a second). */
function bitRate(text: string): number {
  const [, digits, prefix = ''] = /^\s*(\d+(?:\.\d+)?)\s*([kmg])?(?:bit)?(?:\/s|ps)?\s*$/i.exec(text) ?? [];
  const factor = { '': 1, k: 1e3, m: 1e6, g: 1e9 }[prefix.toLowerCase()] ?? Number.NaN;
  const rate = Number(digits) * factor;
  // Below this even a frame takes minutes.
  if (!(rate >= 100)) {
    throw new InvalidArgumentError(`Expected a rate such as 250kbit or 1mbit, got ${JSON.stringify(text)}.`);
  }
  return rate;
}

function milliseconds(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= 60_000)) {
    throw new InvalidArgumentError(`Expected milliseconds from 0 to 60000, got ${JSON.stringify(text)}.`);
  }
  return value;
}

function quality(text: string): number {
  const value = positiveInteger(text);
  if (value > 100) throw new InvalidArgumentError(`Expected a quality from 1 to 100, got ${value}.`);
  return value;
}
