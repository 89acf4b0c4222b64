/** Right answers in time against the rate of the link, for each deadline. */

import { emptyPlot, percentOf, title, toSvg } from '../../../paper/report/plots/plot-style.ts';
import type { AccuracyAtDeadline } from '../../link-result.ts';
import {
  accuracyLine,
  betterPicture,
  deadlineText,
  type LinkResults,
  machineText,
  mainSplitOf,
  splitsOf,
} from '../link-report-data.ts';
import { linePanels, type Panel, type PanelLine } from './line-panels.ts';
import { lineNames, lineStyles, splitLine } from './line-styles.ts';

/** Share of all requests that are answered rightly and in time. */
export async function accuracyPlot(results: LinkResults): Promise<string> {
  const text = 'Right answers in time';
  if (results['accuracy-in-time'] === undefined) return emptyPlot(text);
  const { ratesBitsPerSecond, deadlines } = results['accuracy-in-time'].outcome;
  return toSvg(
    linePanels(
      title(text, [
        'share of all requests that are answered rightly before the deadline; late counts as wrong',
        `pictures go in the size and quality that suit the link; device alone: at ${mainSplitOf(results)}`,
      ]),
      {
        ratesBitsPerSecond,
        styles: lineStyles,
        columns: 2,
        panelWidth: 350,
        y: { title: 'right and in time, %', domain: [0, 100], values: [0, 20, 40, 60, 80, 100] },
      },
      deadlines.map((deadline) => panelOf(results, deadline)),
    ),
  );
}

function panelOf(results: LinkResults, deadline: AccuracyAtDeadline): Panel {
  const line = (name: string, shares: readonly number[] | undefined): PanelLine[] =>
    shares ? [{ name, values: shares.map(percentOf) }] : [];
  const ofMethod = (name: string, ...of: [Parameters<typeof accuracyLine>[1], Parameters<typeof accuracyLine>[2]?]) =>
    line(name, accuracyLine(deadline, ...of)?.accuracyInTime);
  return {
    name: [deadlineText(deadline), machineText(deadline)],
    lines: [
      ...ofMethod(lineNames.device, 'device', mainSplitOf(results)),
      ...ofMethod(lineNames.wholeDevice, 'whole-device'),
      ...line(lineNames.picture, betterPicture(deadline)),
      ...splitsOf(results).flatMap((split) => ofMethod(splitLine(split), 'aecnn', split)),
    ],
  };
}
