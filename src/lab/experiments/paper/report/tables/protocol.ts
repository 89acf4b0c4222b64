/** What the results rest on: data, epochs, machine, and the commands that repeat them. */

import { listed, markdownTable, percent, thousands } from '../../../markdown.ts';
import type { PaperResult } from '../../paper-result.ts';
import { type PaperProtocol, paperProtocol } from '../../protocol.ts';
import { type PaperResults, protocolOf, seeds, uncompressedAccuracy } from '../report-data.ts';
import { notRun } from './cells.ts';

/** What each number of epochs counts. */
const epochNames: { readonly [Name in keyof PaperProtocol['epochs']]: string } = {
  teacher: 'epochs: teacher',
  attention: 'epochs: attention',
  reconstruction: 'epochs: reconstruction of the feature map',
  task: 'epochs: the answer, tail frozen',
  fineTune:
    'epochs: tail trained too (AECNN; BottleNet++, again while the last is its best; adapted pictures: with the three above)',
  mostUntilPlateau: 'epochs: BottleNet++ and end to end, until validation stops rising, at most',
  patience: 'epochs: ... stops rising for (BottleNet++: counted from its tenth on)',
  decay: 'epochs: ... then with a falling learning rate',
};

/** Data, epochs and machine that the result files name. */
export function protocolTable(results: PaperResults): string {
  const all = [...results.values()];
  if (all.length === 0) return notRun;
  const protocol = protocolOf(results);
  const testImages = distinct(all.flatMap(({ test }) => test.map(({ right }) => thousands(right.length))));
  return markdownTable(
    ['', ''],
    [
      ...(protocol ? trainingDataRows(protocol) : []),
      ['test pictures', testImages],
      ...(protocol ? trainingRows(protocol) : []),
      ...provenanceRows(results, all),
    ],
  );
}

/** The commands that repeat the results, from their own protocol. */
export function commandsText(results: PaperResults): string {
  const { data = '101_ObjectCategories', trainPerClass } = protocolOf(results) ?? { ...paperProtocol, data: undefined };
  const limit = trainPerClass === paperProtocol.trainPerClass ? '' : ` --train-per-class ${trainPerClass ?? 'all'}`;
  const whole = `npx aecnn experiment paper --data ${data}${limit} --out results/paper`;
  return [
    '```sh',
    '# everything; goes on where it was',
    whole,
    '# a part: configurations whose id is ID, or has it in it',
    `${whole} --only ID`,
    '# CIFAR-10, about a quarter of an hour',
    'npx aecnn experiment paper --quick',
    '```',
  ].join('\n');
}

const trainingDataRows = (protocol: PaperProtocol): string[][] => [
  ['pictures', protocol.data],
  ['pictures that the teacher learns from', thousands(protocol.trainImages)],
  [
    `pictures that compressors and tails learn from${protocol.trainPerClass === undefined ? '' : ` (${protocol.trainPerClass} a class)`}`,
    thousands(protocol.compressorImages),
  ],
  ['pictures of the validation part', thousands(protocol.validationImages)],
];

const trainingRows = ({ batchSize, epochs, learningRateShare }: PaperProtocol): string[][] => [
  ['pictures in a batch', String(batchSize)],
  ...Object.entries(epochNames).map(([name, text]) => [text, String(epochs[name as keyof typeof epochNames])]),
  ['share of those that AECNN chooses its learning rates on at conv2_x 256x', percent(learningRateShare, 0)],
];

function provenanceRows(results: PaperResults, all: readonly PaperResult[]): string[][] {
  const uncompressed = seeds.flatMap((seed) => {
    const accuracy = uncompressedAccuracy(results, seed);
    return accuracy === undefined ? [] : [`${percent(accuracy, 2)} (seed ${seed})`];
  });
  const seconds = all.reduce((sum, { trainingSeconds }) => sum + trainingSeconds, 0);
  const from = (text: (provenance: PaperResult['provenance']) => string): string =>
    distinct(all.map(({ provenance }) => text(provenance)));
  return [
    ['uncompressed network, test accuracy', listed(uncompressed)],
    ['seconds of training, sum over the files (those that share a step count it each)', thousands(seconds)],
    // Which part of the grid a command was given is no part of the protocol.
    [
      'commands, without the part of the grid that each was for (`--only`)',
      from(({ command }) => `\`${command.replace(onlyOption, '')}\``),
    ],
    [
      'src tree',
      from(
        ({ sourceTree = 'unknown' }) => `${sourceTree.slice(0, 10)}${sourceTree.includes('+') ? ' with changes' : ''}`,
      ),
    ],
    ['CPU threads of a run', distinct(all.map(({ settings }) => String(settings.threads ?? 'not written down')))],
    ['machine', from(({ machine }) => `${machine.cores} cores of ${machine.cpu}`)],
    ['versions', from(({ versions }) => `Node ${versions.node}, onnxruntime-node ${versions['onnxruntime-node']}`)],
  ];
}

/** The part of a command that chooses configurations. */
const onlyOption = / --only \S+/;

const distinct = (texts: readonly string[]): string => listed([...new Set(texts)].sort());
