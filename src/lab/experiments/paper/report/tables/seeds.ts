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
import { notRun, outdatedMark } from './cells.ts';

/** Methods with several seeds, and which of their measures are shown. */
const shown = {
  aecnn: { method: 'AECNN', coding: 'entropy coded' },
  bottlenet: { method: 'BottleNet++', coding: 'raw bits' },
  'bottlenet-distilled': { method: 'BottleNet++, distilled', coding: 'raw bits' },
} as const;

const families = Object.keys(shown) as readonly (keyof typeof shown)[];

/** Mean and range over the seeds of the rows at conv4_x. */
export function seedsTable(results: PaperResults): string {
  const rows = families.flatMap((family) =>
    frameSizes.flatMap((size) => {
      const label = `${shown[family].method}, ${size}`;
      const measured = measureNames(results, family, size).flatMap(
        (name) => measuredAt(results, family, mainSplit, size, name) ?? [],
      );
      return measured.length === 0
        ? [[label, notRun, '', '', '']]
        : measured.map((one) => seedsRow(results, label, one));
    }),
  );
  return markdownTable([`at ${mainSplit}`, 'seeds', 'accuracy, mean (range)', 'loses, points', 'mean bytes'], rows);
}

/** Measures of any seed, in the order of their files. */
function measureNames(results: PaperResults, family: keyof typeof shown, size: FrameSize): string[] {
  const names = seeds.flatMap((seed) =>
    (results.get(configurationId(family, mainSplit, size, seed))?.test ?? []).map(({ name }) => name),
  );
  return [...new Set(names)].filter((name) => name.endsWith(shown[family].coding));
}

function seedsRow(results: PaperResults, label: string, measured: Measured): string[] {
  const { name, seeds: run } = measured;
  return [
    `${label}, ${name}${outdatedMark(results, measured)}`,
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
