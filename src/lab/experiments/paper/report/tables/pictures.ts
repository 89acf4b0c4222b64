/** The picture itself as a rival, at each budget. */

import { markdownTable, percent, thousands } from '../../../markdown.ts';
import { pictureComparisons } from '../picture-comparison.ts';
import { differenceOf, fineTunedMeasure, type Measured, type PaperResults } from '../report-data.ts';
import { differenceText, notRun } from './cells.ts';

/** The picture itself at each budget against AECNN. */
export function picturesTable(results: PaperResults): string {
  const comparisons = pictureComparisons(results);
  if (comparisons.length === 0) return notRun;
  const cells = (measured: Measured | undefined): string[] =>
    measured ? [measured.name, thousands(measured.bytes.mean), percent(measured.accuracy)] : ['', '', ''];
  const rows = comparisons.map(({ budgetBytes, unadapted, adapted, aecnn }) => {
    const codecs = [unadapted, adapted].filter((one) => one !== undefined);
    const best = codecs.toSorted((a, b) => b.accuracy - a.accuracy)[0];
    return [
      thousands(budgetBytes),
      ...cells(unadapted),
      ...cells(adapted),
      ...(aecnn
        ? [
            aecnn.name === fineTunedMeasure ? 'tail fine-tuned' : 'tail frozen',
            thousands(aecnn.bytes.mean),
            percent(aecnn.accuracy),
            best ? differenceText(differenceOf(aecnn, best)) : '',
          ]
        : ['no frame so small', '', '', '']),
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
    'above the better codec by, points (95 %)',
  ];
  return markdownTable(head, rows);
}
