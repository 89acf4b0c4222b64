/** AECNN against BottleNet++ where neither entropy codes. */

import { markdownTable, percent } from '../../../markdown.ts';
import {
  aecnnSplitSizes,
  bestBottlenet,
  differenceOf,
  type Measured,
  measuredAt,
  type PaperResults,
  splitSizes,
} from '../report-data.ts';
import { bottlenetName, bytesText, differenceText, notRun, outdatedMark } from './cells.ts';

/** Raw bits, header included, in front of a frozen tail. */
const rawMeasure = 'tail frozen, raw bits';

/** Beside each size of BottleNet++ the largest frame of AECNN whose raw bits are no more. */
export function rawBitsTable(results: PaperResults): string {
  const rows = splitSizes.flatMap(({ split, size }) => {
    const theirs = bestBottlenet(results, split, size);
    if (!theirs) return [];
    const [ours] = aecnnSplitSizes
      .filter((one) => one.split === split)
      .flatMap((one) => measuredAt(results, 'aecnn', split, one.size, rawMeasure) ?? [])
      .filter(({ bytes }) => bytes.max <= theirs.bytes.max)
      .sort((a, b) => b.bytes.mean - a.bytes.mean);
    const cells = (measured: Measured): string[] => [
      bytesText(measured.bytes),
      percent(measured.accuracy),
      String(measured.seeds.length),
    ];
    return [
      [
        `${split}, ${size}`,
        `${bottlenetName(theirs)}${outdatedMark(results, theirs)}`,
        ...cells(theirs),
        ...(ours
          ? [...cells(ours), `${differenceText(differenceOf(ours, theirs))}${outdatedMark(results, ours)}`]
          : ['no frame so small', '', '', '']),
      ],
    ];
  });
  if (rows.length === 0) return notRun;
  const head = [
    'split point, size',
    'best BottleNet++',
    'bytes',
    'accuracy',
    'seeds',
    'AECNN, raw bytes',
    'accuracy',
    'seeds',
    'above BottleNet++ by, points (95 %)',
  ];
  return markdownTable(head, rows);
}
