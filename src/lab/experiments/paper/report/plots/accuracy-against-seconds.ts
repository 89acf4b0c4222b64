/** How soon each way of training gets there. */

import { frozenTailHistory } from '../convergence.ts';
import { ablationId, configurationId, mainSplit, type PaperResults } from '../report-data.ts';
import { labelledPoints, namedSeries, type PlotPoint } from './labelled-points.ts';
import { colours, emptyPlot, percentOf, title, toSvg } from './plot-style.ts';

/** Points of accuracy that are shown below the highest, at most: where the contest is. */
const shownPoints = 30;

/** Validation accuracy against seconds of training: AECNN step by step, end to end, BottleNet++ without and with distillation. */
export async function accuracyAgainstSeconds(results: PaperResults): Promise<string> {
  const text = `Accuracy against seconds of training, ${mainSplit}, one packet`;
  const marks = [
    { id: configurationId('aecnn', mainSplit, 'packet', 0), name: 'AECNN, step by step', colour: colours.green },
    { id: ablationId('end-to-end'), name: 'AECNN, end to end', colour: colours.blue },
    { id: configurationId('bottlenet', mainSplit, 'packet', 0), name: 'BottleNet++', colour: colours.vermilion },
    {
      id: configurationId('bottlenet-distilled', mainSplit, 'packet', 0),
      name: 'BottleNet++, distilled',
      colour: colours.orange,
    },
  ].flatMap(({ id, name, colour }) => {
    const result = results.get(id);
    return (result ? frozenTailHistory(result) : []).map(({ seconds, accuracy }): PlotPoint => {
      return { series: name, colour, x: seconds, y: percentOf(accuracy) };
    });
  });
  if (marks.length === 0) return emptyPlot(text);
  const last = Math.max(...marks.map(({ x }) => x));
  const highest = Math.max(...marks.map(({ y }) => y));
  const lowestOfAll = Math.min(...marks.map(({ y }) => y)) - 0.5;
  const lowest = Math.max(0, 5 * Math.floor(Math.max(highest - shownPoints, lowestOfAll) / 5));
  const shown = marks.filter(({ y }) => y >= lowest);
  const hidden = shown.length < marks.length ? `; epochs below ${lowest} % are left out` : '';
  return toSvg(
    labelledPoints(
      title(text, `validation part, tail frozen; each point is an epoch, the steps before it counted${hidden}`),
      {
        width: 760,
        height: 340,
        x: { title: 'seconds of training', domain: [0, 1.05 * last] },
        y: { title: 'validation accuracy, %', domain: [lowest, highest + 0.1 * (highest - lowest)] },
      },
      { points: namedSeries(shown), lines: shown },
    ),
  );
}
