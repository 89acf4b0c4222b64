/** The tables and plots of the paper's experiment, from `results/paper/*.json`; without any they say so. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type PaperResult, paperPlots, paperResults, paperTables } from '../src/lab/experiments/index.ts';

const folder = fileURLToPath(new URL('../results/paper/', import.meta.url));

const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
const results = paperResults(
  files.sort().map((name) => JSON.parse(readFileSync(`${folder}${name}`, 'utf8')) as PaperResult),
);

/** Tables by the name of their place in a document. */
export const paperRenderers: Readonly<Record<string, () => string>> = Object.fromEntries(
  Object.entries(paperTables).map(([name, render]) => [name, () => render(results)]),
);

/** Plots as SVG, by their path in the repository. */
export function renderPaperPlots(): Promise<[path: string, svg: string][]> {
  return Promise.all(
    Object.entries(paperPlots).map(async ([name, render]): Promise<[string, string]> => {
      return [`docs/plots/${name}.svg`, `${await render(results)}\n`];
    }),
  );
}
