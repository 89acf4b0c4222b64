/** What entropy coding saves: the same answers in other bytes. */

import { markdownTable, percent } from '../../../markdown.ts';
import { aecnnSplitSizes, measuredAt, type PaperResults, sizeText } from '../report-data.ts';
import { bytesText, notRun, outdatedMark } from './cells.ts';

/** The same answers in other bytes: fixed-length codes, deflate, our entropy coder. */
export function entropyCodingTable(results: PaperResults): string {
  const rows = aecnnSplitSizes.flatMap(({ split, size }) =>
    ['tail frozen', 'tail fine-tuned'].flatMap((tail) => {
      const coded = (coding: string) => measuredAt(results, 'aecnn', split, size, `${tail}, ${coding}`);
      const measured = coded('entropy coded');
      const [raw, deflate, ours] = ['raw bits', 'deflate', 'entropy coded'].map((coding) => coded(coding)?.bytes);
      if (!ours) return tail === 'tail frozen' ? [[`${split}, ${sizeText(size)}`, notRun, '', '', '']] : [];
      return [
        [
          `${split}, ${sizeText(size)}${tail === 'tail frozen' ? '' : `, ${tail}`}${outdatedMark(results, measured)}`,
          raw ? bytesText(raw) : '',
          deflate ? bytesText(deflate) : '',
          bytesText(ours),
          raw ? percent(1 - ours.mean / raw.mean, 0) : '',
        ],
      ];
    }),
  );
  return markdownTable(
    ['bytes, mean (largest)', 'raw bits', 'deflate', 'our entropy coder', 'saved over raw bits'],
    rows,
  );
}
