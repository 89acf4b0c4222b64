/** `aecnn evaluate`: accuracy and bytes of a split model on pictures it was not trained on, through real frames. */

import type { Command } from 'commander';
import type { Evaluation } from '../lab/evaluation/index.ts';
import { createNodeRuntime } from '../runtime/node.ts';
import {
  addMeasuredDataOptions,
  type MeasuredDataOptions,
  measureModel,
  openMeasuredSamples,
} from './measure-model.ts';
import { openModelFolder } from './model-folder.ts';
import { positiveIntegers } from './options.ts';
import { printJson, printLine, progressBar, runCommand, table } from './output.ts';

interface EvaluateCommandOptions extends MeasuredDataOptions {
  readonly bytes?: readonly number[];
}

/** Adds `aecnn evaluate` to the program. */
export function registerEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description('measure accuracy and bytes of a split model on the test part of its data, through real frames')
    .argument('<model>', 'folder of a split model');
  addMeasuredDataOptions(command)
    .option('--bytes <list>', 'accuracy with frames of at most so many bytes each, by commas', positiveIntegers)
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
        const samples = await openMeasuredSamples(model, options, signal);
        const runtime = await createNodeRuntime({
          worker: false,
          ...(options.threads && { threads: options.threads }),
        });
        const bar = progressBar('evaluating', samples.length);
        try {
          const evaluation = await measureModel(model, {
            device: await model.readGraph('device'),
            runtime,
            samples,
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
