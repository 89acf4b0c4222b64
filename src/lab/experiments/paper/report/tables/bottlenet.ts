/** BottleNet++ in all its columns. */

import { markdownTable, percent, points } from '../../../markdown.ts';
import { bottlenetColumns, configurationId, measuredOf, type PaperResults, splitSizes } from '../report-data.ts';
import { bottlenetName, bytesText, notRun, outdatedMark } from './cells.ts';

/** Every column of BottleNet++. */
export function bottlenetTable(results: PaperResults): string {
  const rows = splitSizes.flatMap(({ split, size }) => {
    const erasureId = (seed: number) => configurationId('bottlenet-erasure', split, size, seed);
    const erased = (results.get(erasureId(0))?.test ?? []).flatMap(
      ({ name }) => measuredOf(results, erasureId, name) ?? [],
    );
    const columns = [...bottlenetColumns(results, split, size), ...erased];
    if (columns.length === 0) return [[`${split}, ${size}`, notRun, '', '', '']];
    return columns.map((measured) => [
      `${split}, ${size}${outdatedMark(results, measured)}`,
      `${bottlenetName(measured)}${measured.family === 'bottlenet-erasure' ? ', trained with erasures' : ''}`,
      percent(measured.accuracy, 2),
      points(measured.loss),
      bytesText(measured.bytes),
    ]);
  });
  return markdownTable(['', 'column', 'accuracy', 'loses, points', 'bytes, mean (largest)'], rows);
}
