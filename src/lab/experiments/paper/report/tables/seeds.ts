/** How far the seeds of one configuration are apart. */

import { markdownTable, percent, points, thousands } from '../../../markdown.ts';
import { configurationId, type Family, frameSizes, mainSplit, measuredAt, type PaperResults, seeds } from '../report-data.ts';
import { notRun } from './cells.ts';

/** Mean and range over the seeds of the rows at conv4_x. */
export function seedsTable(results: PaperResults): string {
  const range = (values: readonly number[], text: (value: number) => string): string =>
    `${text(values.reduce((a, b) => a + b, 0) / values.length)} (${text(Math.min(...values))} to ${text(Math.max(...values))})`;
  const families: readonly Family[] = ['aecnn', 'bottlenet'];
  const rows = families.flatMap((family) =>
    frameSizes.flatMap((size) => {
      const names = new Set(
        seeds.flatMap((seed) =>
          (results.get(configurationId(family, mainSplit, size, seed))?.test ?? []).map(({ name }) => name),
        ),
      );
      const shown = [...names].filter((name) =>
        family === 'aecnn' ? name.endsWith('entropy coded') : name.endsWith('raw bits'),
      );
      const label = `${family === 'aecnn' ? 'AECNN' : 'BottleNet++'}, ${size}`;
      if (shown.length === 0) return [[label, notRun, '', '', '']];
      return shown.flatMap((name) => {
        const measured = measuredAt(results, family, mainSplit, size, name);
        if (!measured) return [];
        return [
          [
            `${label}, ${name}`,
            measured.seeds.map(({ seed }) => seed).join(', '),
            range(
              measured.seeds.map(({ measure }) => measure.accuracy),
              (value) => percent(value, 2),
            ),
            range(
              measured.seeds.map(({ loss }) => loss),
              points,
            ),
            range(
              measured.seeds.map(({ measure }) => measure.bytes.mean),
              thousands,
            ),
          ],
        ];
      });
    }),
  );
  const head = [`at ${mainSplit}`, 'seeds', 'accuracy, mean (range)', 'loses, points', 'mean bytes'];
  return markdownTable(head, rows);
}
