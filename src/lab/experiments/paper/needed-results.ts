/** Which other configurations must be finished before one can be run. */

import type { Configuration } from './grid.ts';
import { codecsNeededBy } from './needed-codecs.ts';
import { neededBy } from './needed-rates.ts';
import type { PaperProtocol } from './protocol.ts';

/** Ids of the configurations that choose the learning rates of one, or the codecs that tails are adapted to. */
export function neededIds(
  configuration: Configuration,
  protocol: Pick<PaperProtocol, 'learningRates'>,
): readonly string[] {
  const rates = neededBy(configuration, protocol).map(({ id }) => id);
  const codecs = codecsNeededBy(configuration);
  return codecs ? [...rates, codecs.id] : rates;
}
