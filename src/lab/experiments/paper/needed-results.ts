/** Which other configurations must be finished before one can be run. */

import { type Configuration, picturesId } from './grid.ts';
import { neededBy } from './needed-rates.ts';
import type { PaperProtocol } from './protocol.ts';

/** Ids of the configurations that choose the learning rates of one, or the codec that its tail is adapted to. */
export function neededIds(
  configuration: Configuration,
  protocol: Pick<PaperProtocol, 'learningRates'>,
): readonly string[] {
  const rates = neededBy(configuration, protocol).map(({ id }) => id);
  return configuration.method === 'adapted-pictures' ? [...rates, picturesId] : rates;
}
