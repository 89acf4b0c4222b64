/** Deadline against rate: how often AECNN is right in time, and who is best where. */

import { emptyPlot, percentOf, title, toSvg } from '../../../paper/report/plots/plot-style.ts';
import type { HeatMapOutcome } from '../../link-result.ts';
import { bestAnswers, type HeatCell, type Winner, winners } from '../best-answers.ts';
import { type LinkResults, machineText } from '../link-report-data.ts';
import { figurePadding, type PanelSpec, panelGap, panelTitle, rateLabelExpression, rateTitle } from './panel.ts';

/** Who is best, in colours that figures can be read on. */
const winnerColours: { readonly [W in Winner]: string } = {
  AECNN: '#7CCDB3',
  'JPEG or WebP': '#F2A97E',
  'all on the device': '#B8B8B8',
  'device alone': '#E4E4E4',
};

const [cellWidth, cellHeight] = [52, 24];

/** The share of AECNN, then a map of the best for each speed of the device. */
export async function heatMapPlot(results: LinkResults): Promise<string> {
  const text = 'Who is right in time, by deadline and rate';
  const outcome = results['heat-map']?.outcome;
  if (outcome === undefined) return emptyPlot(text);
  const { split, edgeSpeedup } = outcome;
  const maps = bestAnswers(outcome);
  return toSvg({
    padding: figurePadding,
    title: title(text, [
      'fixed rates; the deadline counts from when there is something to send',
      `AECNN at ${split}; edge ${edgeSpeedup} times faster than where times were measured`,
    ]),
    spacing: panelGap,
    vconcat: [
      cellPanel(outcome, maps[0]?.cells ?? [], ['AECNN: right and in time, %'], shareColour, ({ aecnn }) =>
        percentOf(aecnn).toFixed(0),
      ),
      {
        spacing: panelGap,
        vconcat: maps.map(({ deviceSlowdown, cells }) => {
          const name = ["who is best; figures: AECNN's lead over the best other, in points"];
          name.push(machineText({ deviceSlowdown, edgeSpeedup }));
          return cellPanel(outcome, cells, name, winnerColour, ({ lead }) => signed(percentOf(lead)));
        }),
      },
    ],
    resolve: { scale: { color: 'independent' } },
  });
}

/** How a value becomes a colour. */
type ColourSpec = NonNullable<NonNullable<Extract<PanelSpec, { readonly mark: unknown }>['encoding']>['color']>;

const shareColour: ColourSpec = {
  field: 'share',
  type: 'quantitative',
  scale: { domain: [40, 100], range: ['#FFFFFF', '#55B99A'], clamp: true },
  legend: null,
};

const winnerColour: ColourSpec = {
  field: 'winner',
  type: 'nominal',
  scale: { domain: [...winners], range: winners.map((name) => winnerColours[name]) },
  legend: { orient: 'top', title: null, symbolType: 'square', symbolSize: 200, labelLimit: 0, offset: 8 },
};

/** A figure on a coloured ground for every deadline and rate. */
function cellPanel(
  { ratesBitsPerSecond, deadlinesMs }: HeatMapOutcome,
  cells: readonly HeatCell[],
  name: string[],
  color: ColourSpec,
  label: (cell: HeatCell) => string,
): PanelSpec {
  const values = cells.map((cell) => ({ ...cell, share: percentOf(cell.aecnn), label: label(cell) }));
  return {
    width: cellWidth * ratesBitsPerSecond.length,
    height: cellHeight * deadlinesMs.length,
    title: panelTitle(name),
    data: { values },
    encoding: {
      x: {
        field: 'rateBitsPerSecond',
        type: 'ordinal',
        title: rateTitle,
        axis: { labelAngle: 0, labelOverlap: false, labelExpr: rateLabelExpression },
      },
      y: { field: 'deadlineMs', type: 'ordinal', sort: 'descending', title: 'deadline, ms', axis: { format: ',' } },
    },
    layer: [
      { mark: { type: 'rect', stroke: 'white' }, encoding: { color } },
      { mark: { type: 'text', fontSize: 11, color: '#222222' }, encoding: { text: { field: 'label' } } },
    ],
  };
}

/** One digit after the point, with a sign unless it is zero. */
function signed(value: number): string {
  const digits = Math.abs(value).toFixed(1);
  if (digits === '0.0') return digits;
  return `${value < 0 ? '−' : '+'}${digits}`;
}
