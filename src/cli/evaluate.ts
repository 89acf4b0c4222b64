/** `aecnn evaluate`: accuracy and bytes of a split model on pictures it was not trained on, through real frames. */

import type { Command } from 'commander';
import { DatasetError, ModelError } from '../core/errors.ts';
import type { Manifest } from '../core/model/index.ts';
import { featureMapName, restoredFeatureMapName } from '../lab/build/index.ts';
import { type Dataset, loadBatches, type Sample, stratifiedSelection } from '../lab/datasets/index.ts';
import { type Evaluation, evaluateModel, type LabelledBatch } from '../lab/evaluation/index.ts';
import { extractGraph } from '../lab/graph/index.ts';
import { createNodeRuntime } from '../runtime/node.ts';
import { openModelFolder } from './model-folder.ts';
import { collected, openAllData } from './open-data.ts';
import { type GlobalOptions, positiveInteger, positiveIntegers } from './options.ts';
import { printJson, printLine, progressBar, runCommand, table } from './output.ts';

/** Pictures in a batch. */
const batchSize = 8;

interface EvaluateCommandOptions extends GlobalOptions {
  readonly data: readonly [string, ...string[]];
  readonly limit?: number;
  readonly all?: boolean;
  readonly bytes?: readonly number[];
}

/** Adds `aecnn evaluate` to the program. */
export function registerEvaluate(program: Command): void {
  program
    .command('evaluate')
    .description('measure accuracy and bytes of a split model on the test part of its data, through real frames')
    .argument('<model>', 'folder of a split model')
    .requiredOption('--data <folder|cifar10>', 'a folder with a folder per class, or cifar10', collected)
    .option('--limit <number>', 'measure so many pictures, drawn evenly from the classes (seeded)', positiveInteger)
    .option('--bytes <list>', 'accuracy with frames of at most so many bytes each, by commas', positiveIntegers)
    .option('--all', "measure training pictures too, or another data set with all or some of the model's classes")
    .addHelpText(
      'after',
      `
Examples:
  $ aecnn evaluate my-model --data photos                 all pictures of the test part
  $ aecnn evaluate my-model --data photos --limit 200 --json
  $ aecnn evaluate my-model --data photos --bytes 128,222,350,600,1200
  $ aecnn evaluate my-model --data cifar10
  $ aecnn evaluate my-model --data other-photos --all     every picture, whatever it was trained on

The data is split as when the model was trained; only the test part is measured. compressionRatio = featureBytes (the
float32 feature map at the split point) / mean bytes of a whole frame, header included. With --bytes the same frames are
cut to whole chunks; a picture whose first chunk does not fit is answered by the device's own classifier. A model
of all ImageNet classes has no use for the folders' names: its accuracy is agreement with the uncompressed network.`,
    )
    .action((folder: string, options: EvaluateCommandOptions) =>
      runCommand(async (signal) => {
        const model = await openModelFolder(folder);
        const { dataSplit } = model.manifest;
        const dataset = await openAllData(
          options.data,
          options,
          { seed: dataSplit.seed, ...(dataSplit.limitPerClass && { limitPerClass: dataSplit.limitPerClass }) },
          signal,
        );
        const candidates = samplesToMeasure(dataset, model.manifest, options.all === true);
        const samples = options.limit ? stratifiedSelection(candidates, options.limit, dataSplit.seed) : candidates;
        const runtime = await createNodeRuntime({
          worker: false,
          ...(options.threads && { threads: options.threads }),
        });
        const bar = progressBar('evaluating', samples.length);
        try {
          const evaluation = await evaluateModel({
            model,
            graphs: {
              device: extractGraph(await model.readGraph('device'), ['image'], ['latent', 'pooled', featureMapName]),
              tail: extractGraph(await model.readGraph('edge'), [restoredFeatureMapName], ['logits']),
            },
            runtime,
            batches: loadedBatches(samples, isLabelled(model.manifest), signal),
            ...(options.bytes && { budgets: options.bytes }),
            onProgress: (images) => bar.update(images),
            signal,
          });
          bar.stop();
          if (options.json) printJson(evaluation);
          else printEvaluation(evaluation);
        } finally {
          bar.stop();
        }
      }),
    );
}

/** Whether folders name the classes of a model: not those of a model for all of ImageNet's. */
const isLabelled = ({ teacher }: Manifest): boolean => teacher !== 'stock';

async function* loadedBatches(
  samples: readonly Sample[],
  labelled: boolean,
  signal: AbortSignal,
): AsyncGenerator<LabelledBatch> {
  for await (const { images, labels } of loadBatches(samples, batchSize, { signal })) {
    yield labelled ? { images, labels } : { images };
  }
}

/** The test part of the split that the manifest records, or all pictures, labelled with the model's classes. */
function samplesToMeasure(dataset: Dataset, manifest: Manifest, all: boolean): readonly Sample[] {
  const { classes, name } = manifest;
  if (!isLabelled(manifest)) {
    if (all) return [...dataset.train, ...dataset.test];
    requireSameSplit(dataset, manifest);
    return dataset.test;
  }
  const missing = classes.filter((label) => !dataset.classes.includes(label));
  const unknown = dataset.classes.filter((label) => !classes.includes(label));
  if (all && unknown.length === 0) {
    const labels = dataset.classes.map((label) => classes.indexOf(label));
    return [...dataset.train, ...dataset.test].map((sample) => ({ ...sample, label: labels[sample.label] as number }));
  }
  if (dataset.classes.join('\n') !== classes.join('\n')) {
    throw new ModelError(
      `the data's classes are not those of model "${name}": ` +
        [
          missing.length > 0 ? `missing ${missing.slice(0, 5).join(', ')}` : '',
          unknown.length > 0 ? `unknown ${unknown.slice(0, 5).join(', ')}` : '',
          missing.length + unknown.length === 0 ? 'they come in another order' : '',
        ]
          .filter(Boolean)
          .join('; ') +
        '. Give the data set that the model was trained on, or --all and one with the same class folders or some of them',
    );
  }
  requireSameSplit(dataset, manifest);
  return dataset.test;
}

/** @throws {@link DatasetError} when the pictures are others than those of the training. */
function requireSameSplit(dataset: Dataset, { dataSplit, name }: Manifest): void {
  if (dataset.protocol !== dataSplit.protocol || dataset.hash !== dataSplit.hash) {
    throw new DatasetError(
      `these pictures are not the data set that model "${name}" was trained on (other names or numbers of files), so ` +
        'it cannot be told which of them it has seen: give that data set, or --all to measure every picture all the same',
    );
  }
}

function printEvaluation(evaluation: Evaluation): void {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  const { frameBytes } = evaluation;
  printLine(
    table(
      ['measure', 'value'],
      [
        ['images', String(evaluation.images)],
        ['accuracy', percent(evaluation.accuracy)],
        ['accuracy, uncompressed', percent(evaluation.uncompressedAccuracy)],
        ['accuracy, fallback on the device', percent(evaluation.fallbackAccuracy)],
        ['agreement with uncompressed', percent(evaluation.agreement)],
        ['feature map, bytes', `${evaluation.featureBytes} (the tail reads ${evaluation.readFeatureBytes})`],
        ['frame, mean bytes', frameBytes.mean.toFixed(1)],
        ['frame, p50 / p95 / max bytes', `${frameBytes.p50} / ${frameBytes.p95} / ${frameBytes.max}`],
        ['chunks, mean', evaluation.chunks.mean.toFixed(1)],
        ['payload of the chunks, mean bytes', evaluation.payloadBytes.mean.toFixed(1)],
        ['entropy of the payload, mean bytes', evaluation.entropyBytes.mean.toFixed(1)],
        ['compression ratio', `${evaluation.compressionRatio.toFixed(0)}x`],
      ],
    ),
  );
  if (evaluation.curve.length === 0) return;
  printLine(
    table(
      ['budget, bytes', 'mean bytes', 'max bytes', 'accuracy', 'agreement', 'answered by the device'],
      evaluation.curve.map((point) => [
        String(point.budgetBytes),
        point.frameBytes.mean.toFixed(1),
        String(point.frameBytes.max),
        percent(point.accuracy),
        percent(point.agreement),
        String(point.withoutFrame),
      ]),
    ),
  );
}
