/** How soon two ways of training get there. */

import { markdownTable, percent, thousands } from '../../../markdown.ts';
import { convergence, type TrainingCourse } from '../convergence.ts';
import type { PaperResults } from '../report-data.ts';
import { notRun } from './cells.ts';

/** Step by step against end to end, with the sentence about the target. */
export function convergenceTable(results: PaperResults): string {
  const course = convergence(results);
  if (!course) return notRun;
  const { threshold, stepByStep, endToEnd, randomStart, ratio } = course;
  const row = (name: string, { finalAccuracy, seconds, secondsToThreshold }: TrainingCourse): string[] => [
    name,
    percent(finalAccuracy, 2),
    thousands(seconds),
    secondsToThreshold === undefined ? 'never' : thousands(secondsToThreshold),
  ];
  const head = [
    '',
    'final accuracy, validation part',
    'seconds of training',
    `seconds to ${percent(threshold, 2)} (1 point below the better)`,
  ];
  const sentence =
    ratio === undefined
      ? 'Step by step never comes within 1 point of the better final accuracy: the target is missed.'
      : `Step by step takes ${ratio.toFixed(2)} of the seconds of end to end to come within 1 point of the better final accuracy${
          endToEnd.secondsToThreshold === undefined ? ' (end to end never does: all its seconds are counted)' : ''
        }. The target, at most half, is ${ratio <= 0.5 ? 'met' : '**not** met'}.`;
  const rows = [
    row('step by step', stepByStep),
    row('end to end, from random values', endToEnd),
    ...(randomStart ? [row('step by step, from random values', randomStart)] : []),
  ];
  return `${markdownTable(head, rows)}\n\n${sentence}`;
}
