/** How far the seeds of one configuration are apart. */

import { markdownTable, percent, points, thousands } from '../../../markdown.ts';
import type { FrameSize } from '../../paper-result.ts';
import {
  configurationId,
  frameSizes,
  type Measured,
  mainSplit,
  measuredAt,
  type PaperResults,
  seeds,
} from '../report-data.ts';
import { notRun } from './cells.ts';

/** Which measures of a method are shown. */
const shownCodings = { aecnn: 'entropy coded', bottlenet: 'raw bits' } as const;

const methodNames = { aecnn: 'AECNN', bottlenet: 'BottleNet++' } as const;

/** Mean and range over the seeds of the rows at conv4_x. */
export function seedsTable(results: PaperResults): string {
  const rows = (['aecnn', 'bottlenet'] as const).flatMap((family) =>
    frameSizes.flatMap((size) => {
      const label = `${methodNames[family]}, ${size}`;
      const measured = measureNames(results, family, size).flatMap(
        (name) => measuredAt(results, family, mainSplit, size, name) ?? [],
      );
      return measured.length === 0 ? [[label, notRun, '', '', '']] : measured.map((one) => seedsRow(label, one));
    }),
  );
  return markdownTable([`at ${mainSplit}`, 'seeds', 'accuracy, mean (range)', 'loses, points', 'mean bytes'], rows);
}

/** Measures of any seed, in the order of their files. */
function measureNames(results: PaperResults, family: 'aecnn' | 'bottlenet', size: FrameSize): string[] {
  const names = seeds.flatMap((seed) =>
    (results.get(configurationId(family, mainSplit, size, seed))?.test ?? []).map(({ name }) => name),
  );
  return [...new Set(names)].filter((name) => name.endsWith(shownCodings[family]));
}

function seedsRow(label: string, { name, seeds: run }: Measured): string[] {
  return [
    `${label}, ${name}`,
    run.map(({ seed }) => seed).join(', '),
    meanAndRange(
      run.map(({ measure }) => measure.accuracy),
      (value) => percent(value, 2),
    ),
    meanAndRange(
      run.map(({ loss }) => loss),
      points,
    ),
    meanAndRange(
      run.map(({ measure }) => measure.bytes.mean),
      thousands,
    ),
  ];
}

function meanAndRange(values: readonly number[], text: (value: number) => string): string {
  const mean = text(values.reduce((a, b) => a + b, 0) / values.length);
  return values.length === 1 ? mean : `${mean} (${text(Math.min(...values))} to ${text(Math.max(...values))})`;
}
