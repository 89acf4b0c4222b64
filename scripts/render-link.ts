/** The tables and plots of the link experiment, from the result files of a folder; without any they say so. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LinkResult, linkPartNames, linkPlots, linkResults, linkTables } from '../src/lab/experiments/index.ts';
import { type Report, reportOf } from './report.ts';

/** Reads a folder of result files, which may not be there. @throws RangeError when they do not belong together. */
export function linkReport(folder: string): Report {
  const files = linkPartNames.map((part) => join(folder, `${part}.json`)).filter((file) => existsSync(file));
  const results = linkResults(files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as LinkResult));
  return reportOf(linkTables, linkPlots, results);
}
