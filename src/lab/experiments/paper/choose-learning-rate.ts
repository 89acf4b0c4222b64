/** Tries learning rates and takes the best: a configuration that others rest on. */

import { tuneAecnn, tuneAecnnFineTuning } from './aecnn/run-aecnn.ts';
import { bestLearningRate } from './best-learning-rate.ts';
import { tuneBottlenet, tuneBottlenetFineTuning } from './bottlenet/run-bottlenet.ts';
import type { Configuration } from './grid.ts';
import { learningRateTrials } from './learning-rate-trials.ts';
import type { PaperContext } from './paper-context.ts';
import type { PaperResult, TunedLearningRate } from './paper-result.ts';
import type { PictureCodec } from './pictures/picture-codecs.ts';
import { tuneAdaptedPictures } from './pictures/run-adapted-pictures.ts';

/** Choices that were made before that of a learning rate; each is asked for where it is needed. */
export interface EarlierChoices {
  /** Learning rate of the compressor that a last phase is tried behind. */
  readonly compressorRate: () => number;
  /** Of the pictures that a tail is adapted to. */
  readonly codec: () => PictureCodec;
}

/** Tries the learning rates of a method. */
export async function chooseLearningRate(
  context: PaperContext,
  { of, split, size, seed }: Extract<Configuration, { method: 'learning-rates' }>,
  { compressorRate, codec }: EarlierChoices,
): Promise<Omit<PaperResult, 'id' | 'provenance'>> {
  const { rates: learningRates, onShare = false, epochs } = learningRateTrials(of, { split, size });
  const share = onShare ? context.protocol.learningRateShare : 1;
  // Without a part these are the trainings of the configurations themselves: their checkpoints serve both.
  const place = { split, size, seed, ...(share < 1 ? { part: share } : {}) } as const;
  const tune = (): Promise<TunedLearningRate[]> => {
    switch (of) {
      case 'aecnn':
        return tuneAecnn(context, { ...place, learningRates });
      case 'random-start':
      case 'end-to-end':
        return tuneAecnn(context, { ...place, learningRates, variation: of });
      case 'aecnn-fine-tune':
        return tuneAecnnFineTuning(context, { ...place, learningRate: compressorRate() }, learningRates);
      case 'bottlenet-fine-tune': {
        const options = { ...place, distillation: false, learningRate: compressorRate() };
        return tuneBottlenetFineTuning(context, options, learningRates);
      }
      case 'adapted-pictures':
        return tuneAdaptedPictures(context, { codec: codec(), seed }, learningRates);
      default: {
        const trial = epochs === undefined ? {} : { trialEpochs: epochs };
        return tuneBottlenet(context, {
          ...place,
          learningRates,
          distillation: of === 'bottlenet-distilled',
          ...trial,
        });
      }
    }
  };
  const tried = await tune();
  const isLastPhase = of === 'aecnn-fine-tune' || of === 'bottlenet-fine-tune';
  return {
    method: 'learning-rates',
    split,
    size,
    seed,
    settings: {
      of,
      learningRates,
      share,
      ...(epochs === undefined ? {} : { epochs }),
      ...(isLastPhase ? { learningRate: compressorRate() } : {}),
      ...(of === 'adapted-pictures' ? { codec: codec() } : {}),
    },
    steps: tried.map(({ learningRate, seconds }) => ({ name: String(learningRate), seconds })),
    trainingSeconds: tried.reduce((sum, { seconds }) => sum + seconds, 0),
    history: [],
    validation: tried.map(({ learningRate, accuracy }) => ({ name: String(learningRate), accuracy })),
    test: [],
    notes: { chosen: bestLearningRate(tried), tried },
  };
}
