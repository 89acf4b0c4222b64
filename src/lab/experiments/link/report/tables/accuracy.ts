/** Right answers in time against the rate, in figures. */

import { markdownTable, percent, points, thousands } from '../../../markdown.ts';
import { notRun } from '../../../paper/report/tables/cells.ts';
import type { AccuracyAtDeadline, AccuracyLine } from '../../link-result.ts';
import { linkMethodNames } from '../../method-names.ts';
import { ratesWhere, rateText } from '../faster-ranges.ts';
import {
  accuracyLine,
  betterPicture,
  deadlineText,
  type LinkResults,
  machineText,
  mainSplitOf,
  methodLabels,
} from '../link-report-data.ts';

/** A table for each deadline: methods against rates, in per cent. */
export function accuracyTables(results: LinkResults): string {
  const outcome = results['accuracy-in-time']?.outcome;
  if (outcome === undefined) return notRun;
  const { ratesBitsPerSecond, deadlines } = outcome;
  const main = mainSplitOf(results);
  return deadlines
    .map((deadline) => {
      const shown = deadline.lines.filter(
        ({ method, split }) => method === 'aecnn' || split === undefined || split === main,
      );
      const order = ({ method }: AccuracyLine): number => linkMethodNames.indexOf(method);
      const rows = shown
        .toSorted((a, b) => order(a) - order(b))
        .map((line) => [lineText(line), ...line.accuracyInTime.map((share) => (100 * share).toFixed(1))]);
      return `**${settingText(deadline)}**\n\n${markdownTable(['right and in time, %', ...ratesBitsPerSecond.map(rateText)], rows)}`;
    })
    .join('\n\n');
}

const lineText = ({ method, split }: AccuracyLine): string =>
  split === undefined ? methodLabels[method] : `${methodLabels[method]}, ${split}`;

function settingText(deadline: AccuracyAtDeadline): string {
  const gap = `a request every ${thousands(deadline.meanGapMs)} ms on average`;
  return `${deadlineText(deadline)}; ${machineText(deadline)}; ${gap}`;
}

/** A sentence for each deadline, about the split point that stands for all. */
export function accuracySentences(results: LinkResults): string[] {
  const { ratesBitsPerSecond = [], deadlines = [] } = results['accuracy-in-time']?.outcome ?? {};
  const split = mainSplitOf(results);
  return deadlines.flatMap((deadline) => {
    const aecnn = accuracyLine(deadline, 'aecnn', split)?.accuracyInTime;
    const device = accuracyLine(deadline, 'device', split)?.accuracyInTime;
    const whole = accuracyLine(deadline, 'whole-device')?.accuracyInTime;
    const picture = betterPicture(deadline);
    if (!aecnn || !device || !whole || !picture) return [];
    const leads = (others: readonly number[]): number[] => aecnn.map((share, i) => share - (others[i] as number));
    const above = (others: readonly number[]): string =>
      ratesWhere(
        ratesBitsPerSecond,
        leads(others).map((lead) => lead > 0),
      );
    const most = Math.max(...leads(device));
    return [
      `**${deadlineText(deadline)}; ${machineText(deadline)}**: AECNN at ${split} is right in time for ` +
        `${percent(Math.min(...aecnn))} to ${percent(Math.max(...aecnn))} of the requests, above JPEG and WebP ` +
        `${above(picture)}, above the device alone ${above(device)}${most > 0 ? ` (by up to ${points(most)} points)` : ''}, ` +
        `above the whole network on the device ${above(whole)}.`,
    ];
  });
}
