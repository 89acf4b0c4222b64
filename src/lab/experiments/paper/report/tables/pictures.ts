/** The picture itself as a rival, at each budget. */

import { markdownTable, percent, thousands } from '../../../markdown.ts';
import { pictureComparisons } from '../picture-comparison.ts';
import { fineTunedMeasure, type Measured, type PaperResults } from '../report-data.ts';
import { differenceText, notRun, outdatedMark } from './cells.ts';

/** The picture itself at each budget against AECNN. */
export function picturesTable(results: PaperResults): string {
  const comparisons = pictureComparisons(results);
  if (comparisons.length === 0) return notRun;
  const cells = (measured: Measured | undefined): string[] =>
    measured
      ? [
          `${measured.name}${outdatedMark(results, measured)}`,
          thousands(measured.bytes.mean),
          percent(measured.accuracy),
        ]
      : ['', '', ''];
  const rows = comparisons.map(({ budgetBytes, unadapted, adapted, aecnn, lead }) => {
    return [
      thousands(budgetBytes),
      ...cells(unadapted),
      ...cells(adapted),
      ...(aecnn
        ? [
            `${aecnn.name === fineTunedMeasure ? 'tail fine-tuned' : 'tail frozen'}${outdatedMark(results, aecnn)}`,
            thousands(aecnn.bytes.mean),
            percent(aecnn.accuracy),
            String(aecnn.seeds.length),
            lead ? differenceText(lead) : '',
          ]
        : ['no frame so small', '', '', '', '']),
    ];
  });
  const head = [
    'budget, bytes',
    'best codec, network unchanged',
    'bytes',
    'accuracy',
    'best codec, tail adapted',
    'bytes',
    'accuracy',
    'AECNN at conv4_x',
    'bytes',
    'accuracy',
    'seeds',
    'above the better codec by, points (95 %)',
  ];
  return markdownTable(head, rows);
}
