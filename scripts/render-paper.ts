/** The tables and plots of the paper's experiment, from the result files of a folder; without any they say so. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PaperResult, paperPlots, paperResults, paperTables } from '../src/lab/experiments/index.ts';

/** What the documents show of the experiment. */
export interface PaperReport {
  /** Tables by the name of their place in a document. */
  readonly tables: Readonly<Record<string, () => string>>;
  /** Plots as SVG, by their path in the repository. */
  plots(): Promise<[path: string, svg: string][]>;
}

/** Reads a folder of result files, which may not be there. @throws RangeError when their protocols differ. */
export function paperReport(folder: string): PaperReport {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  const results = paperResults(
    files.sort().map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as PaperResult),
  );
  return {
    tables: Object.fromEntries(Object.entries(paperTables).map(([name, render]) => [name, () => render(results)])),
    plots: () =>
      Promise.all(
        Object.entries(paperPlots).map(async ([name, render]): Promise<[string, string]> => {
          return [`docs/plots/${name}.svg`, `${await render(results)}\n`];
        }),
      ),
  };
}
