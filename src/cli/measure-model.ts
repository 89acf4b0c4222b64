/** Measures a split model on the pictures of a data set, as `evaluate` and `compact` do. */

import type { Command } from 'commander';
import type { SplitModel } from '../core/model/index.ts';
import { featureMapName, restoredFeatureMapName } from '../lab/build/index.ts';
import { loadBatches, type Sample, stratifiedSelection } from '../lab/datasets/index.ts';
import { type Evaluation, evaluateModel, type LabelledBatch } from '../lab/evaluation/index.ts';
import { extractGraph } from '../lab/graph/index.ts';
import type { Runtime } from '../runtime/session.ts';
import { isLabelled, samplesToMeasure } from './measured-samples.ts';
import { collected, openAllData } from './open-data.ts';
import { type GlobalOptions, positiveInteger } from './options.ts';

/** Pictures in a batch. */
const batchSize = 8;

/** Which pictures to measure on. */
export interface MeasuredDataOptions extends GlobalOptions {
  readonly data: readonly [string, ...string[]];
  readonly limit?: number;
  readonly all?: boolean;
}

/** Declares the options of {@link MeasuredDataOptions}. */
export function addMeasuredDataOptions(command: Command): Command {
  return command
    .requiredOption('--data <folder|cifar10>', 'a folder with a folder per class, or cifar10', collected)
    .option('--limit <number>', 'measure so many pictures, drawn evenly from the classes (seeded)', positiveInteger)
    .option('--all', "measure training pictures too, or another data set with all or some of the model's classes");
}

/** Pictures of the test part of the model's data, as the options ask. */
export async function openMeasuredSamples(
  { manifest }: SplitModel,
  options: MeasuredDataOptions,
  signal: AbortSignal,
): Promise<readonly Sample[]> {
  const { seed, limitPerClass } = manifest.dataSplit;
  const dataset = await openAllData(options.data, options, { seed, ...(limitPerClass && { limitPerClass }) }, signal);
  const candidates = samplesToMeasure(dataset, manifest, options.all === true);
  return options.limit ? stratifiedSelection(candidates, options.limit, seed) : candidates;
}

/** What is measured. */
export interface MeasureOptions {
  /** Its device graph, or one in its place. */
  readonly device: Uint8Array;
  readonly runtime: Runtime;
  readonly samples: readonly Sample[];
  readonly budgets?: readonly number[];
  readonly onProgress: (images: number) => void;
  readonly signal: AbortSignal;
}

/** Accuracy and bytes of a split model, through real frames. */
export async function measureModel(model: SplitModel, options: MeasureOptions): Promise<Evaluation> {
  const { device, runtime, samples, budgets, onProgress, signal } = options;
  const labelled = isLabelled(model.manifest);
  async function* batches(): AsyncGenerator<LabelledBatch> {
    for await (const { images, labels } of loadBatches(samples, batchSize, { signal })) {
      yield labelled ? { images, labels } : { images };
    }
  }
  return evaluateModel({
    model,
    graphs: {
      device: extractGraph(device, ['image'], ['latent', 'pooled', featureMapName]),
      tail: extractGraph(await model.readGraph('edge'), [restoredFeatureMapName], ['logits']),
    },
    runtime,
    batches: batches(),
    ...(budgets && { budgets }),
    onProgress,
    signal,
  });
}
