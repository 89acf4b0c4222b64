/**
 * Renders the tables of the documents from the files in `results/`: no figure in them is typed in.
 *
 * A table stands between `<!-- results:NAME -->` and `<!-- /results -->`. The plots of the experiments go to
 * `docs/plots`.
 *
 *   npx tsx scripts/render-results.ts           writes the tables and plots
 *   npx tsx scripts/render-results.ts --check   fails when one of them is stale
 *   ... --root FOLDER                           of a copy of README.md, docs and results instead of the repository
 */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { EvaluatedPoint, Evaluation } from '../src/lab/evaluation/index.ts';
import {
  methodLabels,
  type Provenance,
  percent,
  type StartResult,
  markdownTable as table,
  thousands,
} from '../src/lab/experiments/index.ts';
import { atomicWriteFile } from '../src/lab/files/index.ts';
import type { StepReport } from '../src/lab/training/index.ts';
import { benchEdgeTable, benchPageTable, compactTable } from './render-edge.ts';
import { linkReport } from './render-link.ts';
import { paperReport } from './render-paper.ts';
import { benchLinkTable, earlierTable, simulatedTable } from './render-simulated.ts';

const { values: options } = parseArgs({
  options: { check: { type: 'boolean', default: false }, root: { type: 'string' } },
});
const root = `${options.root ?? fileURLToPath(new URL('..', import.meta.url))}/`;
const documents = ['README.md', 'docs/results.md', 'docs/links-results.md'];

/** A file of `results/` as `scripts/record-result.ts` writes it. */
interface Recorded<Result> {
  readonly provenance: Provenance;
  readonly seconds: number;
  readonly result: Result;
}

/** One side of `results/bench-train.json`. */
interface BenchSide {
  readonly name: string;
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly n: number;
}

/** `results/bench-train.json`, which `npm run bench:train` writes itself. */
interface BenchTrain extends Omit<Recorded<unknown>, 'result'> {
  readonly ours: BenchSide;
  readonly peer: BenchSide | null;
  /** Speed of our side over that of the peer. */
  readonly ratio: number | null;
}

/** `results/bench-codec.json`, which `npm run bench:codec` writes itself. */
interface BenchCodec extends Omit<Recorded<unknown>, 'result'> {
  readonly milliseconds: readonly (Omit<BenchSide, 'name' | 'n'> & { readonly part: string })[];
  /** Share of the device's time for a picture that compression takes. */
  readonly compressionShare: number;
  readonly n: number;
  readonly frameBytes: { readonly mean: number };
}

const read = <T>(name: string): T => JSON.parse(readFileSync(`${root}results/${name}.json`, 'utf8')) as T;

const readIfThere = <T>(name: string): T | undefined =>
  existsSync(`${root}results/${name}.json`) ? read<T>(name) : undefined;

function source(file: string, { provenance, seconds }: Omit<Recorded<unknown>, 'result'>): string {
  const { command, sourceTree = 'unknown', machine, versions } = provenance;
  return (
    `From [results/${file}.json](results/${file}.json): \`${command}\`, ${thousands(seconds)} s, src tree ` +
    `${sourceTree.slice(0, 10)}${sourceTree.includes('+') ? ' with changes' : ''}, ${machine.cores} cores of ${machine.cpu}, Node ${versions.node}, ` +
    `onnxruntime-node ${versions['onnxruntime-node']}.`
  );
}

/** The steps of a recorded `aecnn train`. */
function trainingTable(name: string): string {
  const record = read<Recorded<{ steps: readonly StepReport[]; uncompressedAccuracy: number }>>(name);
  const rows = record.result.steps.map(({ step, accuracy, frameBytes, seconds, resumed }) => [
    step,
    accuracy === undefined ? '' : percent(accuracy),
    frameBytes === undefined ? '' : `${frameBytes.mean.toFixed(0)} (${frameBytes.max})`,
    `${seconds.toFixed(0)}${resumed ? ' (from a checkpoint)' : ''}`,
  ]);
  const head = ['step', 'accuracy', 'frame bytes, mean (largest)', 'seconds'];
  return `${table(head, rows)}\n\nUncompressed: ${percent(record.result.uncompressedAccuracy)}. ${source(name, record)}`;
}

/** Budgets of the curve, in bytes. */
const budgets = [128, 206, 222, 350, 600, 1200];

/** Accuracy against bytes: one model for all budgets, tail frozen or fine-tuned, and a model for each budget alone. */
function rateTable(): string {
  const frozen = readIfThere<Recorded<Evaluation>>('evaluate-caltech101-conv4x');
  const tuned = readIfThere<Recorded<Evaluation>>('evaluate-caltech101-conv4x-tuned');
  // Below the stock network in all columns, whatever a fine-tuned tail makes of the float32 map.
  const reference = frozen?.result.uncompressedAccuracy;
  if (reference === undefined) return 'Not run yet.';
  const cells = (point: EvaluatedPoint | undefined): string[] =>
    point
      ? [
          (100 * (reference - point.accuracy)).toFixed(2),
          `${point.frameBytes.mean.toFixed(0)} (${point.frameBytes.max})`,
        ]
      : ['not run yet', ''];
  const rows = budgets.map((budget) => {
    const at = (record: Recorded<Evaluation> | undefined): EvaluatedPoint | undefined =>
      record?.result.curve.find(({ budgetBytes }) => budgetBytes === budget);
    const alone = readIfThere<Recorded<Evaluation>>(`evaluate-caltech101-conv4x-alone-${budget}`);
    return [thousands(budget), ...cells(at(frozen)), ...cells(at(tuned)), ...(alone ? cells(at(alone)) : ['', ''])];
  });
  const head = ['every frame at most, bytes', 'one model (shipped) loses, points', 'bytes, mean (largest)'];
  head.push('one model, tail fine-tuned', 'bytes', 'a model for this size alone, tail fine-tuned', 'bytes');
  return table(head, rows);
}

const renderers: Readonly<Record<string, () => string>> = {
  'evaluate-caltech101-conv4x': () => {
    const record = read<Recorded<Evaluation>>('evaluate-caltech101-conv4x');
    const { result } = record;
    const lost = 100 * (result.uncompressedAccuracy - result.accuracy);
    const rows = [
      ['test pictures', thousands(result.images)],
      ['accuracy, compressed', percent(result.accuracy, 2)],
      ['accuracy, uncompressed (the same tail on the float map)', percent(result.uncompressedAccuracy, 2)],
      ['**lost**', `**${lost.toFixed(2)} points**`],
      ['same answer as uncompressed', percent(result.agreement, 2)],
      ["accuracy of the device's own classifier", percent(result.fallbackAccuracy, 2)],
      [
        'float32 feature map',
        `${thousands(result.featureBytes)} bytes, of which the tail reads ${thousands(result.readFeatureBytes)}`,
      ],
      [
        'frame on the wire, header included: mean / p95 / largest',
        `${result.frameBytes.mean.toFixed(0)} / ${result.frameBytes.p95.toFixed(0)} / ${result.frameBytes.max} bytes`,
      ],
      [
        '**compression ratio**',
        `**${thousands(result.compressionRatio)}x** (of what the tail reads: ${thousands(result.readFeatureBytes / result.frameBytes.mean)}x)`,
      ],
    ];
    return `${table(['', ''], rows)}\n\n${source('evaluate-caltech101-conv4x', record)}`;
  },
  'evaluate-imagenet-conv4x': () => {
    const record = read<Recorded<Evaluation>>('evaluate-imagenet-conv4x');
    const { result } = record;
    const rows = result.curve.map(({ budgetBytes, frameBytes, agreement }) => [
      thousands(budgetBytes),
      `${frameBytes.mean.toFixed(0)} (${frameBytes.max})`,
      percent(agreement),
    ]);
    const head = ['every frame at most, bytes', 'bytes, mean (largest)', 'same answer of 1,000 as uncompressed'];
    return (
      `${table(head, rows)}\n\nOf ${thousands(result.images)} pictures not trained on; the device's own classifier agrees on ` +
      `${percent(result.fallbackAccuracy)}. ${source('evaluate-imagenet-conv4x', record)}`
    );
  },
  start: () => {
    const record = read<Recorded<StartResult>>('start');
    const { methods, qualities } = record.result;
    const labels = methodLabels(qualities);
    const rows = Object.entries(methods).map(([method, summary]) => [
      `${labels[method as keyof typeof labels]}${summary.n < record.result.pictures.length ? ` (n = ${summary.n})` : ''}`,
      percent(summary.accuracy),
      thousands(summary.sentBytes.mean),
      thousands(summary.latencyMs.p50),
      thousands(summary.latencyMs.p95),
      ...Object.values(summary.answeredWithin).map((share) => percent(share, 0)),
    ]);
    const head = ['sent as', 'accuracy', 'bytes', 'p50, ms', 'p95, ms', 'within 100 ms', '200 ms', '500 ms'];
    return `${table(head, rows)}\n\n${source('start', record)} ${record.result.pictures.length} pictures.`;
  },
  rate: rateTable,
  simulated: () => simulatedTable(readIfThere),
  earlier: () => earlierTable(readIfThere),
  'bench-link': () => benchLinkTable(readIfThere),
  'bench-edge': () => benchEdgeTable(readIfThere),
  'bench-page': () => benchPageTable(readIfThere),
  compact: () => compactTable(readIfThere),
  'train-cifar10': () => trainingTable('train-cifar10'),
  'train-caltech101-conv4x': () => trainingTable('train-caltech101-conv4x'),
  'bench-codec': () => {
    const record = read<BenchCodec>('bench-codec');
    const rows = record.milliseconds.map(({ part, medianMs, minMs, maxMs }) => [
      part,
      medianMs.toFixed(2),
      `${minMs.toFixed(2)} to ${maxMs.toFixed(2)}`,
    ]);
    return (
      `${table(['', 'ms a picture, median', 'from to'], rows)}\n\n**Compression takes ` +
      `${percent(record.compressionShare)} of the device's time.** n = ${record.n}, frames of ` +
      `${record.frameBytes.mean.toFixed(0)} bytes. ${source('bench-codec', record)}`
    );
  },
  'bench-train': () => {
    const record = read<BenchTrain>('bench-train');
    const row = ({ name, medianMs, minMs, maxMs, n }: BenchSide): string[] => [
      name,
      medianMs.toFixed(1),
      `${minMs.toFixed(1)} to ${maxMs.toFixed(1)}`,
      String(n),
    ];
    const rows = [row(record.ours), ...(record.peer ? [row(record.peer)] : [])];
    const ratio = record.ratio === null ? '' : `**${record.ratio.toFixed(2)} times the speed of PyTorch.** `;
    const head = ['', 'ms an image, median', 'from to', 'n'];
    return `${table(head, rows)}\n\n${ratio}${source('bench-train', record)}`;
  },
};

let stale = 0;

/** Writes a file that differs from what it should be; says so instead when only checking. */
async function keep(name: string, rendered: string): Promise<void> {
  const path = `${root}${name}`;
  if (existsSync(path) && readFileSync(path, 'utf8') === rendered) return;
  stale += 1;
  if (options.check) process.stderr.write(`${name} is stale: run "npm run render"\n`);
  else await atomicWriteFile(path, rendered);
}

/** A document with each of its tables rendered. */
function renderedDocument(document: string, tables: Readonly<Record<string, () => string>>): string {
  const text = readFileSync(`${root}${document}`, 'utf8');
  return text.replace(/<!-- results:(\S+) -->\n[\s\S]*?<!-- \/results -->/g, (_, name: string) => {
    const render = tables[name];
    if (render === undefined) throw new Error(`${document}: nothing renders the table "${name}"`);
    return `<!-- results:${name} -->\n${render()}\n<!-- /results -->`;
  });
}

try {
  const paper = paperReport(`${root}results/paper`);
  const link = linkReport(`${root}results/link`);
  const tables = { ...renderers, ...paper.tables, ...link.tables };
  for (const document of documents) await keep(document, renderedDocument(document, tables));
  for (const [name, svg] of [...(await paper.plots()), ...(await link.plots())]) await keep(name, svg);
  if (options.check && stale > 0) process.exitCode = 1;
} catch (error) {
  // The user's files: one sentence is enough.
  if (!(error instanceof RangeError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
