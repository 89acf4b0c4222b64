/** The tables and plots of the paper's experiment, from the result files of a folder; without any they say so. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PaperResult, paperPlots, paperResults, paperTables } from '../src/lab/experiments/index.ts';
import { type Report, reportOf } from './report.ts';

/** Reads a folder of result files, which may not be there. @throws RangeError when their protocols differ. */
export function paperReport(folder: string): Report {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  const results = paperResults(
    files.sort().map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as PaperResult),
  );
  return reportOf(paperTables, paperPlots, results);
}
