/** Pictures through codecs for a simulation: from the cache, or answered when a method asks for them. */

import type { Dataset, Sample } from '../../datasets/index.ts';
import { readAdaptedAnswers } from './answers/adapted-answers.ts';
import type { AnswerContext } from './answers/answer-context.ts';
import { bytesOfCodec, encodeMsOf } from './answers/codec-costs.ts';
import { openPictureNetwork } from './answers/picture-answers.ts';
import { type SelectionCandidates, selectionCandidates } from './answers/selection-candidates.ts';
import type { PictureSource } from './simulate-methods.ts';

/** Options of {@link openPictureSource}. */
export interface PictureSourceOptions {
  readonly context: AnswerContext;
  readonly dataset: Dataset;
  /** The simulated pictures. */
  readonly samples: readonly Sample[];
  readonly deviceSlowdown: number;
  /** Results of the paper's experiment, when networks that were adapted to pictures are to answer them. */
  readonly adaptedFolder?: string;
}

/** Opens the source; close it when done. */
export function openPictureSource(options: PictureSourceOptions): PictureSource & AsyncDisposable {
  const { context, dataset, samples, deviceSlowdown, adaptedFolder } = options;
  const network = openPictureNetwork(context);
  let selecting: Promise<SelectionCandidates> | undefined;
  return {
    selection() {
      selecting ??= selectionCandidates(network, dataset, dataset.seed);
      return selecting;
    },
    answers: (codec) => network.answer(codec, samples),
    bytes: (codec) => bytesOfCodec(context, codec, samples),
    encodeMs: async (codec) => deviceSlowdown * (await encodeMsOf(context, codec, samples)),
    async adapted() {
      if (adaptedFolder === undefined) return undefined;
      // Answers to the whole test part, of which the simulated pictures may be some.
      const position = new Map(dataset.test.map(({ id }, i) => [id, i]));
      return (await readAdaptedAnswers(adaptedFolder, dataset)).map((answers) => ({
        ...answers,
        right: samples.map(({ id }) => answers.right[position.get(id) ?? -1] === true),
      }));
    },
    [Symbol.asyncDispose]: () => network.close(),
  };
}
