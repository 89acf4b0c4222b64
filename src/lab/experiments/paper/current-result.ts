/** Whether a result is what a run of today would come to, or of another training, trial, learning rate or codec. */

import { isDeepStrictEqual } from 'node:util';
import type { Configuration } from './grid.ts';
import { learningRateTrials } from './learning-rate-trials.ts';
import { codecsNeededBy, type NeededCodecs } from './needed-codecs.ts';
import { neededBy } from './needed-rates.ts';
import type { PaperResult } from './paper-result.ts';
import { largerSides } from './pictures/choose-adapted-codec.ts';
import { adaptedEpochs } from './pictures/codec-tail.ts';
import type { PaperProtocol } from './protocol.ts';
import { trainingVersionOf, unsaidTrainingVersion } from './training-versions.ts';

/**
 * Tells whether there is a current result of a configuration: of today's training, of the trials of today, and at the learning
 * rates and the codec that were chosen, if those choices are there.
 *
 * @param results - By id, all of one protocol.
 * @param grid - Where the choices of learning rates and codecs are looked up.
 */
export function hasCurrentResult(
  configuration: Configuration,
  results: ReadonlyMap<string, PaperResult>,
  protocol: Pick<PaperProtocol, 'learningRates' | 'learningRateShare' | 'fineTuneLearningRate' | 'epochs'>,
  grid: readonly Configuration[],
): boolean {
  const result = results.get(configuration.id);
  if (result === undefined) return false;
  // What does not say its last rate was run before that was chosen, at the protocol's.
  const settings: PaperResult['settings'] = {
    trainingVersion: unsaidTrainingVersion(configuration),
    fineTuneLearningRate: protocol.fineTuneLearningRate,
    ...result.settings,
  };
  const version = trainingVersionOf(configuration);
  if (version !== undefined && settings.trainingVersion !== version) return false;
  if (configuration.method === 'learning-rates') {
    const { rates, epochs, onShare } = learningRateTrials(configuration.of, configuration);
    if (!isDeepStrictEqual(settings.learningRates, rates) || settings.epochs !== epochs) return false;
    if (settings.share !== (onShare ? protocol.learningRateShare : 1)) return false;
  }
  if (configuration.method === 'adapted-codec') {
    if (settings.epochs !== adaptedEpochs(protocol) || settings.largerSides !== largerSides) return false;
  }
  /** Whether a choice that was made elsewhere, if it is there, is of today and says the same. */
  const agrees = (id: string, isSame: (chosen: PaperResult) => boolean): boolean => {
    const choice = grid.find((other) => other.id === id);
    const chosen = results.get(id);
    if (choice === undefined || chosen === undefined) return true;
    return hasCurrentResult(choice, results, protocol, grid) && isSame(chosen);
  };
  const codecs = codecsNeededBy(configuration);
  const isOfCodecs = ({ codecsOf, codecsIn }: NeededCodecs, chosen: PaperResult): boolean =>
    isDeepStrictEqual(codecsIn(settings), codecsOf(chosen));
  if (codecs && !agrees(codecs.id, (chosen) => isOfCodecs(codecs, chosen))) return false;
  return neededBy(configuration, protocol).every(({ id, setting }) =>
    agrees(id, ({ notes }) => notes.chosen === settings[setting]),
  );
}
