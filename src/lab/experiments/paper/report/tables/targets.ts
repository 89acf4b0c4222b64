/** The targets as a table. */

import { markdownTable } from '../../../markdown.ts';
import type { PaperResults } from '../report-data.ts';
import { targets } from '../report-targets.ts';

/** The targets of the experiment: the figure, and whether it is met. */
export function targetsTable(results: PaperResults): string {
  const rows = targets(results).map(({ name, verdict, figure }) => [name, `**${verdict}**`, figure]);
  return markdownTable(['target', '', 'figures'], rows);
}
