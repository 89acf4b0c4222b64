/** The tables that everything else explains: what AECNN loses at each split point and size, beside BottleNet++. */

import { markdownTable, points, thousands } from '../../../markdown.ts';
import {
  bestBottlenet,
  differenceOf,
  fineTunedMeasure,
  mainMeasure,
  measuredAt,
  type PaperResults,
  splitSizes,
} from '../report-data.ts';
import { bottlenetName, bytesText, differenceText, notRun, outdatedMark, ratioText } from './cells.ts';

/** Split points, sizes, loss, bytes, ratio, against BottleNet++ at its best. */
export function headlineTable(results: PaperResults): string {
  const rows = splitSizes.flatMap(({ split, size }) => {
    const theirs = bestBottlenet(results, split, size);
    const baseline = theirs
      ? [`${bottlenetName(theirs)}${outdatedMark(results, theirs)}`, points(theirs.loss), thousands(theirs.bytes.mean)]
      : [notRun, '', ''];
    return [mainMeasure, fineTunedMeasure].flatMap((name) => {
      const ours = measuredAt(results, 'aecnn', split, size, name);
      const isMain = name === mainMeasure;
      if (!ours) return isMain ? [[`${split}, ${size}`, notRun, '', '', '', ...baseline, '']] : [];
      return [
        [
          `${split}, ${size}${isMain ? '' : ', tail fine-tuned'}${outdatedMark(results, ours)}`,
          points(ours.loss),
          bytesText(ours.bytes),
          ratioText(split, ours.bytes),
          `${ours.seeds.length} (${theirs?.seeds.length ?? 0})`,
          ...baseline,
          theirs ? differenceText(differenceOf(ours, theirs)) : '',
        ],
      ];
    });
  });
  const head = [
    'split point, size of the frame',
    'AECNN loses, points',
    'bytes, mean (largest)',
    'ratio (of what the tail reads)',
    'seeds (BottleNet++)',
    'best BottleNet++',
    'loses, points',
    'bytes',
    'AECNN above it by, points (95 %)',
  ];
  return markdownTable(head, rows);
}

/** The headline for the README: a line for each split point and size. */
export function shortTable(results: PaperResults): string {
  const rows = splitSizes.map(({ split, size }) => {
    const ours = measuredAt(results, 'aecnn', split, size);
    const theirs = bestBottlenet(results, split, size);
    return [
      `${split}, ${size}${outdatedMark(results, ours)}`,
      ...(ours ? [points(ours.loss), bytesText(ours.bytes), ratioText(split, ours.bytes)] : [notRun, '', '']),
      ...(theirs
        ? [
            `${points(theirs.loss)}${outdatedMark(results, theirs)}`,
            ours ? differenceText(differenceOf(ours, theirs)) : '',
          ]
        : [notRun, '']),
    ];
  });
  return markdownTable(
    [
      'split point, size of the frame',
      'AECNN loses, points',
      'bytes, mean (largest)',
      'ratio (of what the tail reads)',
      'best BottleNet++ loses, points',
      'AECNN above it by, points (95 %)',
    ],
    rows,
  );
}
