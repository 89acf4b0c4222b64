/** What the results rest on: data, epochs, machine, and the commands that repeat them. */

import { listed, markdownTable, percent, thousands } from '../../../markdown.ts';
import type { PaperResult } from '../../paper-result.ts';
import type { PaperProtocol } from '../../protocol.ts';
import { type PaperResults, seeds, uncompressedAccuracy } from '../report-data.ts';
import { notRun } from './cells.ts';

/** Data, epochs and machine that the result files name. */
export function protocolTable(results: PaperResults): string {
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
