/** AECNN against BottleNet++ where neither entropy codes. */

import { markdownTable, percent, points } from '../../../markdown.ts';
import {
  aecnnSplitSizes,
  bestBottlenet,
  differenceOf,
  type Measured,
  measuredAt,
  type PaperResults,
  sizeText,
  splitSizes,
} from '../report-data.ts';
import { bottlenetName, bytesText, differenceText, notRun } from './cells.ts';

/** Raw bits, header included, in front of a frozen tail. */
const rawMeasure = 'tail frozen, raw bits';

/** For each size of BottleNet++ the largest frame of AECNN whose raw bits are no more; sizes without one are left out. */
export function rawBitsTable(results: PaperResults): string {
  const rows = splitSizes.flatMap(({ split, size }) => {
    const theirs = bestBottlenet(results, split, size);
    const within = aecnnSplitSizes
      .filter((one) => one.split === split)
      .flatMap((one) => {
        const ours = measuredAt(results, 'aecnn', split, one.size, rawMeasure);
        return ours && theirs && ours.bytes.max <= theirs.bytes.max ? [{ ours, theirs, trainedFor: one.size }] : [];
      })
      .sort((a, b) => b.ours.bytes.mean - a.ours.bytes.mean);
    const [largest] = within;
    if (!largest) return [];
    const cells = ({ bytes, accuracy, loss }: Measured): string[] => [
      bytesText(bytes),
      percent(accuracy),
      points(loss),
    ];
    return [
      [
        `${split}, ${size}`,
        bottlenetName(largest.theirs),
        ...cells(largest.theirs),
        `for ${sizeText(largest.trainedFor)}`,
        ...cells(largest.ours),
        differenceText(differenceOf(largest.ours, largest.theirs)),
      ],
    ];
  });
  if (rows.length === 0) return notRun;
  const head = [
    'split point, size',
    'best BottleNet++',
    'bytes',
    'accuracy',
    'loses, points',
    'AECNN trained',
    'raw bytes',
    'accuracy',
    'loses, points',
    'above BottleNet++ by, points (95 %)',
  ];
  return markdownTable(head, rows);
}
