/**
 * Everything that can be answered to the pictures of a data set, and how long that takes: what a simulation of device, link
 * and edge looks up instead of running networks.
 */

import type { Sample } from '../../../datasets/index.ts';
import { cachedRows } from './answer-cache.ts';
import { type AnswerContext, networkKey, samplesKey } from './answer-context.ts';
import { type AnswerTimes, openTimes, type TimesOptions } from './answer-times.ts';
import { answerPrefixes, type PictureAnswers, pictureAnswersSchema } from './prefix-answers.ts';

/** Answers of one split model. */
export interface AnswerTable {
  readonly modelId: string;
  /** Number of classes that the model tells apart. */
  readonly classes: number;
  /** In the order of the samples. */
  readonly pictures: readonly PictureAnswers[];
  readonly timesMs: AnswerTimes;
}

/**
 * Answers of a model to some pictures, from the cache or computed; a computation that was broken off goes on where it was.
 *
 * @param samples - At least one, of the data set of the context's fingerprint.
 * @throws the context's signal's reason when aborted; what is on disk stays good.
 */
export async function openAnswerTable(
  context: AnswerContext,
  samples: readonly Sample[],
  options: TimesOptions = {},
): Promise<AnswerTable> {
  const { modelId, classes } = context.model.manifest;
  const pictures = await cachedRows(context, {
    label: 'answers at every length',
    key: { kind: 'prefixes', ...networkKey(context), ...samplesKey(context, samples) },
    row: pictureAnswersSchema,
    count: samples.length,
    compute: (first) => answerPrefixes(context, samples.slice(first)),
  });
  return { modelId, classes: classes.length, pictures, timesMs: await openTimes(context, samples, options) };
}
