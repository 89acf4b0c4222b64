/**
 * The tables of the paper's experiment as markdown, from its result files alone: no figure is typed in, and what was not
 * run is named.
 */

import { type SplitPoint, splitPoints } from '../../../core/model/index.ts';
import { elementCount } from '../../../core/tensor/index.ts';
import { readShape } from '../../networks/index.ts';
import { listed, markdownTable, percent, points, thousands } from '../markdown.ts';
import type { Difference } from './bootstrap.ts';
import { paperGrid, type TunedMethod } from './grid.ts';
import type { FrameBytes, PaperResult } from './paper-result.ts';
import { featureBytes, type PaperProtocol } from './protocol.ts';
import {
  ablationId,
  bestBottlenet,
  bottlenetColumns,
  configurationId,
  convergence,
  differenceOf,
  expectedIds,
  type Family,
  fineTunedMeasure,
  frameSizes,
  type Measured,
  mainMeasure,
  mainSplit,
  measuredAt,
  measuredOf,
  type PaperResults,
  pictureComparisons,
  seeds,
  type TrainingCourse,
  uncompressedAccuracy,
  variationNames,
} from './report-data.ts';
import { targets } from './report-targets.ts';

const notRun = 'not run yet';

const bytesText = ({ mean, max }: FrameBytes): string => `${thousands(mean)} (${thousands(max)})`;
const differenceText = (difference: Difference | undefined): string =>
  difference ? `${points(difference.mean)} (${points(difference.low)} to ${points(difference.high)})` : '';

/** Bytes of the float32 values that the tail reads at a split point. */
const readBytes = (split: SplitPoint): number => 4 * elementCount(readShape(split));

function ratioText(split: SplitPoint, { mean }: FrameBytes): string {
  return `${thousands(featureBytes(split) / mean)}x (${thousands(readBytes(split) / mean)}x)`;
}

/** What a measure of BottleNet++ is, in words. */
function bottlenetName({ family, name }: Measured): string {
  return `${name}${family === 'bottlenet-distilled' ? ', distilled' : ''}`;
}

/** Split points, sizes, loss, bytes, ratio, against BottleNet++ at its best. */
function headlineTable(results: PaperResults): string {
  const rows = splitPoints.flatMap((split) =>
    frameSizes.flatMap((size) => {
      const theirs = bestBottlenet(results, split, size);
      const baseline = theirs
        ? [bottlenetName(theirs), points(theirs.loss), thousands(theirs.bytes.mean)]
        : [notRun, '', ''];
      return [mainMeasure, fineTunedMeasure].flatMap((name) => {
        const ours = measuredAt(results, 'aecnn', split, size, name);
        const isMain = name === mainMeasure;
        if (!ours) return isMain ? [[`${split}, ${size}`, notRun, '', '', '', ...baseline, '']] : [];
        return [
          [
            `${split}, ${size}${isMain ? '' : ', tail fine-tuned'}`,
            points(ours.loss),
            bytesText(ours.bytes),
            ratioText(split, ours.bytes),
            String(ours.seeds.length),
            ...baseline,
            theirs ? differenceText(differenceOf(ours, theirs)) : '',
          ],
        ];
      });
    }),
  );
  const head = [
    'split point, size of the frame',
    'AECNN loses, points',
    'bytes, mean (largest)',
    'ratio (of what the tail reads)',
    'seeds',
    'best BottleNet++',
    'loses, points',
    'bytes',
    'AECNN above it by, points (95 %)',
  ];
  return markdownTable(head, rows);
}

/** The headline for the README: a line for each split point and size. */
function shortTable(results: PaperResults): string {
  const rows = splitPoints.flatMap((split) =>
    frameSizes.map((size) => {
      const ours = measuredAt(results, 'aecnn', split, size);
      const theirs = bestBottlenet(results, split, size);
      return [
        `${split}, ${size}`,
        ...(ours ? [points(ours.loss), bytesText(ours.bytes), ratioText(split, ours.bytes)] : [notRun, '', '']),
        theirs ? points(theirs.loss) : notRun,
      ];
    }),
  );
  return markdownTable(
    [
      'split point, size of the frame',
      'AECNN loses, points',
      'bytes, mean (largest)',
      'ratio (of what the tail reads)',
      'BottleNet++ loses, points',
    ],
    rows,
  );
}

/** The same answers in other bytes: fixed-length codes, deflate, our entropy coder. */
function entropyCodingTable(results: PaperResults): string {
  const rows = splitPoints.flatMap((split) =>
    frameSizes.flatMap((size) =>
      ['tail frozen', 'tail fine-tuned'].flatMap((tail) => {
        const bytesOf = (coding: string) => measuredAt(results, 'aecnn', split, size, `${tail}, ${coding}`)?.bytes;
        const [raw, deflate, ours] = ['raw bits', 'deflate', 'entropy coded'].map(bytesOf);
        if (!ours) return tail === 'tail frozen' ? [[`${split}, ${size}`, notRun, '', '', '']] : [];
        return [
          [
            `${split}, ${size}${tail === 'tail frozen' ? '' : `, ${tail}`}`,
            raw ? bytesText(raw) : '',
            deflate ? bytesText(deflate) : '',
            bytesText(ours),
            raw ? percent(1 - ours.mean / raw.mean, 0) : '',
          ],
        ];
      }),
    ),
  );
  return markdownTable(
    ['bytes, mean (largest)', 'raw bits', 'deflate', 'our entropy coder', 'saved over raw bits'],
    rows,
  );
}

/** The picture itself at each budget against AECNN. */
function picturesTable(results: PaperResults): string {
  const comparisons = pictureComparisons(results);
  if (comparisons.length === 0) return notRun;
  const cells = (measured: Measured | undefined): string[] =>
    measured ? [measured.name, thousands(measured.bytes.mean), percent(measured.accuracy)] : ['', '', ''];
  const rows = comparisons.map(({ budgetBytes, unadapted, adapted, aecnn }) => {
    const codecs = [unadapted, adapted].filter((one) => one !== undefined);
    const best = codecs.toSorted((a, b) => b.accuracy - a.accuracy)[0];
    return [
      thousands(budgetBytes),
      ...cells(unadapted),
      ...cells(adapted),
      ...(aecnn
        ? [
            `${aecnn.split}${aecnn.measured.name === fineTunedMeasure ? ', fine-tuned' : ''}`,
            thousands(aecnn.measured.bytes.mean),
            percent(aecnn.measured.accuracy),
            best ? differenceText(differenceOf(aecnn.measured, best)) : '',
          ]
        : ['no frame so small', '', '', '']),
    ];
  });
  const head = [
    'budget, bytes',
    'best codec, network unchanged',
    'bytes',
    'accuracy',
    'best codec, tail adapted',
    'bytes',
    'accuracy',
    'AECNN',
    'bytes',
    'accuracy',
    'above the better codec by, points (95 %)',
  ];
  return markdownTable(head, rows);
}

/** AECNN at conv4_x and one packet with one choice changed. */
function ablationsTable(results: PaperResults): string {
  const main = measuredOf(results, (seed) => configurationId('aecnn', mainSplit, 'packet', seed), mainMeasure, [0]);
  const secondsOf = (id: string): string => thousands(results.get(id)?.trainingSeconds ?? 0);
  const variationRows = variationNames.map((name) => {
    const measured = measuredOf(results, () => ablationId(name), mainMeasure, [0]);
    if (!measured) return [name.replaceAll('-', ' '), notRun, '', '', '', ''];
    return [
      name.replaceAll('-', ' '),
      percent(measured.accuracy, 2),
      points(measured.loss),
      bytesText(measured.bytes),
      main ? differenceText(differenceOf(measured, main)) : '',
      secondsOf(ablationId(name)),
    ];
  });
  const mainRow = main
    ? [
        'AECNN as it is',
        percent(main.accuracy, 2),
        points(main.loss),
        bytesText(main.bytes),
        '',
        secondsOf(configurationId('aecnn', mainSplit, 'packet', 0)),
      ]
    : ['AECNN as it is', notRun, '', '', '', ''];
  const head = [
    'changed',
    'accuracy',
    'loses, points',
    'bytes, mean (largest)',
    'against AECNN, points (95 %)',
    'seconds',
  ];
  return `${markdownTable(head, [mainRow, ...variationRows])}\n\n${rankedSentence(results)}`;
}

/** How many feature channels the rankings select. */
function rankedSentence(results: PaperResults): string {
  const selected = variationNames
    .filter((name) => name.startsWith('ranked-'))
    .map((name) => results.get(ablationId(name))?.notes.selectedChannels)
    .find(Array.isArray);
  return selected
    ? `The rankings keep the first ${thousands(selected.length)} feature channels.`
    : 'The number of feature channels that the rankings keep is not known before they are run.';
}

/** Step by step against end to end, with the sentence about the target. */
function convergenceTable(results: PaperResults): string {
  const course = convergence(results);
  if (!course) return notRun;
  const { threshold, stepByStep, endToEnd, ratio } = course;
  const row = (name: string, { finalAccuracy, seconds, secondsToThreshold }: TrainingCourse): string[] => [
    name,
    percent(finalAccuracy, 2),
    thousands(seconds),
    secondsToThreshold === undefined ? 'never' : thousands(secondsToThreshold),
  ];
  const head = [
    '',
    'final accuracy, validation part',
    'seconds of training',
    `seconds to ${percent(threshold, 2)} (1 point below the better)`,
  ];
  const sentence =
    ratio === undefined
      ? 'Step by step never comes within 1 point of the better final accuracy: the target is missed.'
      : `Step by step takes ${ratio.toFixed(2)} of the seconds of end to end to come within 1 point of the better final accuracy${
          endToEnd.secondsToThreshold === undefined ? ' (end to end never does: all its seconds are counted)' : ''
        }. The target, at most half, is ${ratio <= 0.5 ? 'met' : '**not** met'}.`;
  return `${markdownTable(head, [row('step by step', stepByStep), row('end to end', endToEnd)])}\n\n${sentence}`;
}

/** Mean and range over the seeds of the rows at conv4_x. */
function seedsTable(results: PaperResults): string {
  const range = (values: readonly number[], text: (value: number) => string): string =>
    `${text(values.reduce((a, b) => a + b, 0) / values.length)} (${text(Math.min(...values))} to ${text(Math.max(...values))})`;
  const families: readonly Family[] = ['aecnn', 'bottlenet'];
  const rows = families.flatMap((family) =>
    frameSizes.flatMap((size) => {
      const names = new Set(
        seeds.flatMap((seed) =>
          (results.get(configurationId(family, mainSplit, size, seed))?.test ?? []).map(({ name }) => name),
        ),
      );
      const shown = [...names].filter((name) =>
        family === 'aecnn' ? name.endsWith('entropy coded') : name.endsWith('raw bits'),
      );
      const label = `${family === 'aecnn' ? 'AECNN' : 'BottleNet++'}, ${size}`;
      if (shown.length === 0) return [[label, notRun, '', '', '']];
      return shown.flatMap((name) => {
        const measured = measuredAt(results, family, mainSplit, size, name);
        if (!measured) return [];
        return [
          [
            `${label}, ${name}`,
            measured.seeds.map(({ seed }) => seed).join(', '),
            range(
              measured.seeds.map(({ measure }) => measure.accuracy),
              (value) => percent(value, 2),
            ),
            range(
              measured.seeds.map(({ loss }) => loss),
              points,
            ),
            range(
              measured.seeds.map(({ measure }) => measure.bytes.mean),
              thousands,
            ),
          ],
        ];
      });
    }),
  );
  const head = [`at ${mainSplit}`, 'seeds', 'accuracy, mean (range)', 'loses, points', 'mean bytes'];
  return markdownTable(head, rows);
}

/** What learning rates are chosen for, in words. */
const tunedNames: { readonly [Method in TunedMethod]: string } = {
  aecnn: 'AECNN',
  'end-to-end': 'AECNN, end to end',
  bottlenet: 'BottleNet++',
};

/** Learning rates that were tried, and those that were chosen. */
function learningRatesTable(results: PaperResults): string {
  const rows = paperGrid().flatMap((configuration) => {
    if (configuration.method !== 'learning-rates') return [];
    const { id, of, split } = configuration;
    const label = `${tunedNames[of]}, ${split}`;
    const result = results.get(id);
    if (!result) return [[label, notRun, '']];
    const tried = result.validation.map(({ name, accuracy }) => `${name}: ${percent(accuracy)}`);
    return [[label, tried.join(', '), String(result.notes.chosen ?? '')]];
  });
  return markdownTable(['', 'tried: accuracy of the validation part', 'chosen'], rows);
}

/** Every column of BottleNet++. */
function bottlenetTable(results: PaperResults): string {
  const rows = splitPoints.flatMap((split) =>
    frameSizes.flatMap((size) => {
      const erasureId = (seed: number) => configurationId('bottlenet-erasure', split, size, seed);
      const erased = (results.get(erasureId(0))?.test ?? []).flatMap(
        ({ name }) => measuredOf(results, erasureId, name) ?? [],
      );
      const columns = [...bottlenetColumns(results, split, size), ...erased];
      if (columns.length === 0) return [[`${split}, ${size}`, notRun, '', '', '']];
      return columns.map((measured) => [
        `${split}, ${size}`,
        `${bottlenetName(measured)}${measured.family === 'bottlenet-erasure' ? ', trained with erasures' : ''}`,
        percent(measured.accuracy, 2),
        points(measured.loss),
        bytesText(measured.bytes),
      ]);
    }),
  );
  return markdownTable(['', 'column', 'accuracy', 'loses, points', 'bytes, mean (largest)'], rows);
}

/** The targets of the experiment: the figure, and whether it is met. */
function targetsTable(results: PaperResults): string {
  const rows = targets(results).map(({ name, verdict, figure }) => [name, `**${verdict}**`, figure]);
  return markdownTable(['target', '', 'figures'], rows);
}

/** Which configurations have no result file. */
function missingText(results: PaperResults): string {
  const missing = expectedIds.filter((id) => !results.has(id));
  if (missing.length === 0) return `All ${expectedIds.length} configurations were run.`;
  if (missing.length === expectedIds.length)
    return `None of the ${expectedIds.length} configurations has been run yet.`;
  const lines = missing.map((id) => `- \`${id}\``).join('\n');
  return `${missing.length} of ${expectedIds.length} configurations have not been run:\n\n${lines}`;
}

/** Data, epochs and machine that the result files name. */
function protocolTable(results: PaperResults): string {
  const all = [...results.values()];
  const [first] = all;
  if (!first) return notRun;
  const distinct = (text: (result: PaperResult) => string): string => listed([...new Set(all.map(text))].sort());
  const testImages = all.flatMap(({ test }) => test.map(({ right }) => thousands(right.length)));
  const protocol = all.map(({ settings }) => settings.protocol as PaperProtocol | undefined).find((one) => one);
  const uncompressed = seeds.flatMap((seed) => {
    const accuracy = uncompressedAccuracy(results, seed);
    return accuracy === undefined ? [] : [`${percent(accuracy, 2)} (seed ${seed})`];
  });
  const rows = [
    ...(protocol
      ? [
          ['pictures', protocol.data],
          ['training pictures, the validation part included', thousands(protocol.trainImages)],
          ...(protocol.trainPerClass
            ? [['training pictures of a class, at most', thousands(protocol.trainPerClass)]]
            : []),
          ['share of them that is the validation part', percent(protocol.validationShare, 0)],
        ]
      : []),
    ['test pictures', listed([...new Set(testImages)])],
    ...(protocol
      ? [
          ['pictures in a batch', String(protocol.batchSize)],
          ...Object.entries(protocol.epochs).map(([name, epochs]) => [
            epochNames[name as keyof typeof epochNames],
            String(epochs),
          ]),
          ['share of the training part that learning rates are chosen on', percent(protocol.learningRateShare, 0)],
        ]
      : []),
    ['uncompressed network, test accuracy', listed(uncompressed)],
    [
      'seconds of training, all configurations',
      thousands(all.reduce((sum, { trainingSeconds }) => sum + trainingSeconds, 0)),
    ],
    ['commands', distinct(({ provenance: { command } }) => `\`${command}\``)],
    [
      'src tree',
      distinct(
        ({ provenance: { sourceTree = 'unknown' } }) =>
          `${sourceTree.slice(0, 10)}${sourceTree.includes('+') ? ' with changes' : ''}`,
      ),
    ],
    ['machine', distinct(({ provenance: { machine } }) => `${machine.cores} cores of ${machine.cpu}`)],
    [
      'versions',
      distinct(
        ({ provenance: { versions } }) => `Node ${versions.node}, onnxruntime-node ${versions['onnxruntime-node']}`,
      ),
    ],
  ];
  return markdownTable(['', ''], rows);
}

/** What each number of epochs counts. */
const epochNames: { readonly [Name in keyof PaperProtocol['epochs']]: string } = {
  teacher: 'epochs: teacher',
  attention: 'epochs: attention',
  reconstruction: 'epochs: reconstruction of the feature map',
  task: 'epochs: the answer, tail frozen',
  fineTune: 'epochs: tail trained (AECNN and adapted pictures)',
  mostUntilPlateau: 'epochs: BottleNet++ and end to end, until validation stops rising, at most',
  patience: 'epochs: ... stops rising for',
  decay: 'epochs: ... then with a falling learning rate',
};

/** Every table by the name that it has in the documents. */
export const paperTables: Readonly<Record<string, (results: PaperResults) => string>> = {
  'paper-short': shortTable,
  'paper-protocol': protocolTable,
  'paper-targets': targetsTable,
  'paper-headline': headlineTable,
  'paper-entropy-coding': entropyCodingTable,
  'paper-pictures': picturesTable,
  'paper-ablations': ablationsTable,
  'paper-convergence': convergenceTable,
  'paper-seeds': seedsTable,
  'paper-learning-rates': learningRatesTable,
  'paper-bottlenet': bottlenetTable,
  'paper-missing': missingText,
};
