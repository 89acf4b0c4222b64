/**
 * The plots of the paper's experiment, as SVG text on a white ground, from its result files alone.
 *
 * The twist: marks are named where they stand, not in a legend. Vega-Lite places no labels, so their places are computed
 * here in pixels (label-placement.ts) from the same scales.
 */

import type { TopLevelSpec } from 'vega-lite';
import { type SplitPoint, splitPoints } from '../../../core/model/index.ts';
import { chartToSvg } from '../chart-style.ts';
import { type LabelledMark, placeLabels } from '../label-placement.ts';
import { points, thousands } from '../markdown.ts';
import {
  ablationId,
  adaptedBudgets,
  aecnnFrames,
  bestBottlenet,
  chosenCodecs,
  configurationId,
  fineTunedMeasure,
  frameSizes,
  frozenTailHistory,
  type Measured,
  mainSplit,
  measuredOf,
  type PaperResults,
  pictureComparisons,
  uncompressedAccuracy,
} from './report-data.ts';

/** Okabe and Ito's palette, readable with any colour vision. */
const colours = {
  green: '#009E73',
  vermilion: '#D55E00',
  blue: '#0072B2',
  sky: '#56B4E9',
  purple: '#CC79A7',
  orange: '#E69F00',
  black: '#000000',
  grey: '#777777',
} as const;

const toSvg = (spec: TopLevelSpec): Promise<string> => chartToSvg(spec, { background: 'white', ink: '#222222' });

/** Padding around every plot, so that no label touches the edge. */
const padding = 16;

const title = (text: string, subtitle: string) =>
  ({ text, subtitle, anchor: 'start', fontSize: 15, subtitleFontSize: 12, subtitleColor: '#555555', offset: 12 }) as const;

/** A plot that says that there is nothing to show yet. */
const emptyPlot = (text: string): Promise<string> =>
  toSvg({
    width: 720,
    height: 60,
    padding,
    title: title(text, ''),
    data: { values: [{ label: 'not run yet' }] },
    mark: { type: 'text', x: 0, align: 'left', fontSize: 13 },
    encoding: { text: { field: 'label' } },
  });

/** A point of a plot, in the units of its axes. */
interface PlotPoint {
  readonly series: string;
  readonly colour: string;
  readonly x: number;
  readonly y: number;
  readonly label?: string;
  readonly isHollow?: boolean;
}

/** Axes, in the units of the points. */
interface PlotSpace {
  readonly width: number;
  readonly height: number;
  readonly x: Axis;
  readonly y: Axis;
}

interface Axis {
  readonly title: string;
  readonly domain: readonly [number, number];
  readonly values?: readonly number[];
  readonly isLog?: boolean;
}

/** Pixels from the lower end of an axis. */
function pixels({ domain: [low, high], isLog = false }: Axis, length: number, value: number): number {
  const at = isLog ? Math.log : (number: number) => number;
  return (length * (at(value) - at(low))) / (at(high) - at(low));
}

/** Lines through the points of each series where it has a line, the points, and their labels in free places. */
function labelledPoints(
  { width, height, x, y }: PlotSpace,
  marks: readonly PlotPoint[],
  lines: readonly PlotPoint[] = marks,
): TopLevelSpec {
  const inPixels = marks.map(({ x: atX, y: atY, label = '' }): LabelledMark => {
    return { x: pixels(x, width, atX), y: height - pixels(y, height, atY), label };
  });
  // A label has no right to a place that a line crosses: the line's own points are left free.
  const onLines = lines.flatMap((from, i) => {
    const to = lines[i + 1];
    if (!to || to.series !== from.series) return [];
    return [0.25, 0.5, 0.75].map((share): LabelledMark => {
      const fromX = pixels(x, width, from.x);
      const fromY = pixels(y, height, from.y);
      return {
        x: fromX + share * (pixels(x, width, to.x) - fromX),
        y: height - (fromY + share * (pixels(y, height, to.y) - fromY)),
        label: '',
      };
    });
  });
  const places = placeLabels([...inPixels, ...onLines], { width, height }).slice(0, marks.length);
  const labels = marks.flatMap(({ label, colour }, i) => {
    const place = places[i];
    return label && place ? [{ label, colour, placeX: place.x, placeY: place.y }] : [];
  });
  const axis = ({ title: text, domain, values, isLog = false }: Axis) => ({
    type: 'quantitative' as const,
    title: text,
    scale: { domain: [...domain], nice: false, zero: false, ...(isLog ? { type: 'log' as const } : {}) },
    axis: { ...(values ? { values: [...values] } : {}), ...(isLog ? { format: ',' } : {}) },
  });
  const position = { x: { field: 'x', ...axis(x) }, y: { field: 'y', ...axis(y) } };
  const color = { field: 'colour', type: 'nominal', scale: null } as const;
  const pixelScale = { scale: null, axis: null, type: 'quantitative' } as const;
  return {
    width,
    height,
    padding,
    resolve: { scale: { x: 'shared', y: 'shared' } },
    layer: [
      {
        data: { values: [...lines] },
        mark: { type: 'line', strokeWidth: 2, opacity: 0.75 },
        encoding: { ...position, color, detail: { field: 'series' }, order: { field: 'x' } },
      },
      ...([false, true] as const).map((isHollow) => ({
        data: { values: marks.filter((mark) => (mark.isHollow ?? false) === isHollow) },
        mark: {
          type: 'point' as const,
          filled: !isHollow,
          size: 80,
          opacity: 1,
          strokeWidth: 2,
          ...(isHollow ? { fill: 'white' } : {}),
        },
        encoding: { ...position, color },
      })),
      {
        data: { values: labels },
        mark: { type: 'text' as const, align: 'left' as const, baseline: 'middle' as const },
        encoding: {
          x: { field: 'placeX', ...pixelScale },
          y: { field: 'placeY', ...pixelScale },
          text: { field: 'label' },
          color,
        },
      },
    ],
  };
}
