/** Plots against the rate of a link: panels side by side, the same lines in each, one legend above them. */

import type { TopLevelSpec } from 'vega-lite';
import type { title } from '../../../paper/report/plots/plot-style.ts';
import type { RateRange } from '../faster-ranges.ts';
import { figurePadding, type PanelSpec, panelGap, panelTitle, rateLabelExpression, rateTitle } from './panel.ts';

/** How the lines of one name look, in all panels. */
export interface LineStyle {
  readonly name: string;
  readonly colour: string;
  /** Lengths of dash and gap in pixels; a whole line when left out. */
  readonly dash?: readonly number[];
}

/** A line: a value for each rate. */
export interface PanelLine {
  readonly name: string;
  readonly values: readonly number[];
}

/** One panel. */
export interface Panel {
  /** Its title, of several lines if need be. */
  readonly name: string | string[];
  readonly lines: readonly PanelLine[];
  /** Rates that are set off. */
  readonly bands?: readonly RateRange[];
}

/** What all panels share. */
export interface PanelSpace {
  readonly ratesBitsPerSecond: readonly number[];
  readonly styles: readonly LineStyle[];
  readonly columns: number;
  readonly panelWidth: number;
  readonly y: {
    readonly title: string;
    readonly domain: readonly [number, number];
    readonly values: readonly number[];
    readonly isLog?: boolean;
  };
  /** What is written into a band. */
  readonly bandLabel?: string;
}

const panelHeight = 220;

/** Rates that are written below the axis. */
const tickRates: readonly number[] = [20e3, 100e3, 1e6, 10e6, 100e6];

/** One layer of a panel. */
type LayerSpec = Extract<PanelSpec, { readonly layer: unknown }>['layer'][number];

/** Panels with lines, a legend of those that are in them, and bands behind them. */
export function linePanels(
  heading: ReturnType<typeof title>,
  { ratesBitsPerSecond, styles, columns, panelWidth, y, bandLabel = '' }: PanelSpace,
  panels: readonly Panel[],
): TopLevelSpec {
  const [low = 1, high = 1] = [ratesBitsPerSecond[0], ratesBitsPerSecond.at(-1)];
  const shown = styles.filter(({ name }) => panels.some(({ lines }) => lines.some((line) => line.name === name)));
  const domain = shown.map(({ name }) => name);
  const panelSpec = ({ name, lines, bands = [] }: Panel): PanelSpec => ({
    title: panelTitle(name),
    width: panelWidth,
    height: panelHeight,
    layer: [
      ...bands.map(({ from, to }) => bandLayer(Math.max(low, from), Math.min(high, to), y.domain[1], bandLabel)),
      {
        data: {
          // What the axis does not reach is left out; to clip it, Vega would number the clips of all plots it has ever drawn.
          values: lines
            .flatMap(({ name: line, values }) =>
              values.map((value, i) => ({ line, rate: ratesBitsPerSecond[i], value })),
            )
            .filter(({ value }) => value <= y.domain[1]),
        },
        mark: { type: 'line', strokeWidth: 2 },
        encoding: {
          x: {
            field: 'rate',
            type: 'quantitative',
            title: rateTitle,
            scale: { type: 'log', domain: [low, high], nice: false },
            axis: { values: [...tickRates], labelExpr: rateLabelExpression, labelOverlap: false },
          },
          y: {
            field: 'value',
            type: 'quantitative',
            title: y.title,
            scale: { type: y.isLog ? 'log' : 'linear', domain: [...y.domain], nice: false },
            axis: { values: [...y.values], format: ',.0f', labelOverlap: false },
          },
          color: {
            field: 'line',
            type: 'nominal',
            scale: { domain, range: shown.map(({ colour }) => colour) },
            legend: { orient: 'top', title: null, columns: 4, symbolSize: 300, symbolStrokeWidth: 2.5, labelLimit: 0 },
          },
          strokeDash: {
            field: 'line',
            type: 'nominal',
            scale: { domain, range: shown.map(({ dash = [1, 0] }) => [...dash]) },
          },
        },
      },
    ],
  });
  return {
    padding: figurePadding,
    title: heading,
    columns,
    spacing: panelGap,
    concat: panels.map(panelSpec),
    resolve: { legend: { color: 'shared', strokeDash: 'shared' } },
  };
}

/** A tinted range of rates with its label at the top. */
function bandLayer(from: number, to: number, top: number, label: string): LayerSpec {
  return {
    data: { values: [{ from, to, middle: Math.sqrt(from * to), top, label }] },
    layer: [
      {
        mark: { type: 'rect', color: '#009E73', opacity: 0.12 },
        encoding: { x: { field: 'from', type: 'quantitative' }, x2: { field: 'to' } },
      },
      {
        mark: { type: 'text', baseline: 'top', dy: 5, color: '#00664B', fontSize: 11 },
        encoding: {
          x: { field: 'middle', type: 'quantitative' },
          y: { field: 'top', type: 'quantitative' },
          text: { field: 'label' },
        },
      },
    ],
  };
}
