/** Everything that the parts of the link experiment look up: models, their answers, and pictures through codecs. */

import type { SplitPoint } from '../../../../core/model/index.ts';
import type { Dataset, Sample } from '../../../datasets/index.ts';
import { type AnswerContext, measuringGraphs } from '../answers/answer-context.ts';
import { openAnswerTable } from '../answers/answer-table.ts';
import type { TimesOptions } from '../answers/answer-times.ts';
import { type LinkLab, type LinkTable, mainTable } from '../parts/part.ts';
import { openPictureSource } from '../picture-source.ts';
import type { LinkModelFiles } from './link-model.ts';

/** What a laboratory is opened with. */
export interface LinkLabOptions extends Omit<AnswerContext, 'model' | 'readGraphs' | 'fingerprint'> {
  readonly splits: readonly SplitPoint[];
  /** Opens the model of a split point. */
  readonly openModel: (split: SplitPoint) => Promise<LinkModelFiles>;
  readonly dataset: Dataset;
  /** The simulated pictures, of the data set's test part. */
  readonly samples: readonly Sample[];
  readonly times: TimesOptions;
}

/**
 * Opens models and tables one after the other; answers that are not in the cache are computed.
 *
 * @throws the signal's reason when aborted; what was computed is kept.
 */
export async function openLinkLab(options: LinkLabOptions): Promise<LinkLab> {
  const { splits, openModel, dataset, samples, times, onProgress, ...machine } = options;
  const contextOf = ({ model }: Pick<LinkTable, 'model'>, label: string): AnswerContext => ({
    ...machine,
    model,
    readGraphs: () => measuringGraphs(model),
    fingerprint: dataset.fingerprint,
    ...(onProgress && { onProgress: (what, done, total) => onProgress(`${label}: ${what}`, done, total) }),
  });
  const tables: LinkTable[] = [];
  for (const split of splits) {
    const { model, deviceGmac } = await openModel(split);
    const { pictures, timesMs } = await openAnswerTable(contextOf({ model }, split), samples, times);
    tables.push({ split, model, deviceGmac, pictures, timesMs });
  }
  const context = contextOf(mainTable(tables), 'pictures');
  const pictures = openPictureSource({ context, dataset, samples, deviceSlowdown: 1 });
  return { tables, pictures, close: async () => pictures[Symbol.asyncDispose]() };
}
