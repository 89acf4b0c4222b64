/** The targets as a table. */

import { targetTable } from '../../../target.ts';
import type { PaperResults } from '../report-data.ts';
import { targets } from '../report-targets.ts';

/** The targets of the experiment: the figure, and whether it is met. */
export const targetsTable = (results: PaperResults): string => targetTable(targets(results));
