/** The plots of the paper's experiment, as SVG text on a white ground, from its result files alone. */

import { accuracyAgainstBytes } from './plots/accuracy-against-bytes.ts';
import { accuracyAgainstSeconds } from './plots/accuracy-against-seconds.ts';
import { attentionChoice } from './plots/attention.ts';
import { gmacAgainstBytes } from './plots/gmac-against-bytes.ts';
import type { PaperResults } from './report-data.ts';

/** Every plot by the name of its file. */
export const paperPlots: Readonly<Record<string, (results: PaperResults) => Promise<string>>> = {
  'accuracy-against-bytes': accuracyAgainstBytes,
  'accuracy-against-seconds': accuracyAgainstSeconds,
  'gmac-against-bytes': gmacAgainstBytes,
  attention: attentionChoice,
};
