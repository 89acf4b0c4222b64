/**
 * A plot of points and lines whose marks are named where they stand, not in a legend.
 *
 * The twist: Vega-Lite places no labels, so their places are computed here in pixels (label-placement.ts) from the same
 * scales. Marks of one colour that nearly coincide share one label.
 */

import type { TopLevelSpec } from 'vega-lite';
import { type LabelledMark, type LabelPlace, placeLabels } from '../../../label-placement.ts';
import { colours, frame, type title } from './plot-style.ts';

/** A point of a plot, in the units of its axes. */
export interface PlotPoint {
  /** Points of one series are joined where the plot has lines. */
  readonly series: string;
  readonly colour: string;
  readonly x: number;
  readonly y: number;
  readonly label?: string;
  readonly isHollow?: boolean;
}

/** Axes, in the units of the points. */
export interface PlotSpace {
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

/** What a plot shows. */
export interface PlotMarks {
  readonly points: readonly PlotPoint[];
  /** Points that lines go through, in their order. */
  readonly lines?: readonly PlotPoint[];
  /** A dashed line across the plot. */
  readonly rule?: { readonly y: number; readonly label: string };
}

/** A specification of layers over one another. */
type LayeredSpec = Extract<TopLevelSpec, { readonly layer: unknown }>;

/** Pixels between the points that keep labels off a line. */
const lineStep = 4;

/** Marks nearer than this, in pixels, are named together. */
const coincidence = 9;

/** Lines through the points of each series where it has a line, the points, and their labels in free places. */
export function labelledPoints(
  heading: ReturnType<typeof title>,
  space: PlotSpace,
  { points, lines = [], rule }: PlotMarks,
): LayeredSpec {
  const { width, height, x, y } = space;
  const named = sharedLabels(space, points);
  const obstacles = [...onLines(space, lines), ...(rule ? onRule(space, rule.y) : [])];
  const places = placeLabels([...named.map((point) => inPixels(space, point)), ...obstacles], { width, height });
  const labels = named.flatMap(({ label, colour }, i) => {
    const place = places[i];
    return label && place ? [{ label, colour, ...inUnits(space, place) }] : [];
  });
  const position = { x: { field: 'x', ...axisSpec(x) }, y: { field: 'y', ...axisSpec(y) } };
  const color = { field: 'colour', type: 'nominal', scale: null } as const;
  return {
    width,
    height,
    ...frame,
    title: heading,
    layer: [
      ...(rule ? [ruleLayer(rule)] : []),
      {
        data: { values: [...lines] },
        mark: { type: 'line', strokeWidth: 2, opacity: 0.75 },
        encoding: { ...position, color, detail: { field: 'series' }, order: { field: 'x' } },
      },
      ...([false, true] as const).map((isHollow) => ({
        data: { values: points.filter((point) => (point.isHollow ?? false) === isHollow) },
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
        encoding: { ...position, text: { field: 'label' }, color },
      },
    ],
  };
}

/** Gives the last point of each series its name. */
export const namedSeries = (marks: readonly PlotPoint[]): PlotPoint[] =>
  marks.map((mark, i) => (marks[i + 1]?.series === mark.series ? mark : { ...mark, label: mark.series }));

/** Joins the labels of marks of one colour that nearly coincide; the first of them keeps it. */
function sharedLabels(space: PlotSpace, points: readonly PlotPoint[]): PlotPoint[] {
  const shared: PlotPoint[] = [];
  for (const point of points) {
    const at = inPixels(space, point);
    const first = shared.findIndex((other) => {
      const { x, y } = inPixels(space, other);
      return other.label && other.colour === point.colour && Math.hypot(x - at.x, y - at.y) < coincidence;
    });
    const other = shared[first];
    if (!point.label || !other) {
      shared.push(point);
    } else {
      const label = other.label === point.label ? point.label : `${other.label}, ${point.label}`;
      shared[first] = { ...other, label };
      const { label: _label, ...unnamed } = point;
      shared.push(unnamed);
    }
  }
  return shared;
}

/** A label has no right to a place that a line crosses: points along it are left free. */
function onLines(space: PlotSpace, lines: readonly PlotPoint[]): LabelledMark[] {
  return lines.flatMap((from, i) => {
    const to = lines[i + 1];
    if (!to || to.series !== from.series) return [];
    const [start, end] = [inPixels(space, from), inPixels(space, to)];
    const steps = Math.max(2, Math.ceil(Math.hypot(end.x - start.x, end.y - start.y) / lineStep));
    return Array.from({ length: steps - 1 }, (_, step): LabelledMark => {
      const share = (step + 1) / steps;
      return { x: start.x + share * (end.x - start.x), y: start.y + share * (end.y - start.y), label: '', radius: 2 };
    });
  });
}

function onRule(space: PlotSpace, y: number): LabelledMark[] {
  const top = space.height - pixels(space.y, space.height, y);
  return Array.from({ length: space.width / lineStep }, (_, i) => ({ x: lineStep * i, y: top, label: '', radius: 2 }));
}

/** A dashed line at a height, with its label above its left end. */
function ruleLayer(rule: { readonly y: number; readonly label: string }): LayeredSpec['layer'][number] {
  const position = { y: { field: 'y', type: 'quantitative' as const } };
  return {
    data: { values: [rule] },
    layer: [
      { mark: { type: 'rule', strokeDash: [6, 4], color: colours.grey, strokeWidth: 1.5 }, encoding: position },
      {
        mark: { type: 'text', align: 'left', x: 4, dy: -8, color: '#444444' },
        encoding: { ...position, text: { field: 'label' } },
      },
    ],
  };
}

const axisSpec = ({ title: text, domain, values, isLog = false }: Axis) => ({
  type: 'quantitative' as const,
  title: text,
  scale: { domain: [...domain], nice: false, ...(isLog ? { type: 'log' as const } : { zero: false }) },
  axis: { ...(values ? { values: [...values] } : {}), ...(isLog ? { format: ',' } : {}) },
});

/** Pixels from the upper left corner of the plot. */
const inPixels = ({ width, height, x, y }: PlotSpace, point: PlotPoint): LabelledMark => ({
  x: pixels(x, width, point.x),
  y: height - pixels(y, height, point.y),
  label: point.label ?? '',
});

const inUnits = ({ width, height, x, y }: PlotSpace, place: LabelPlace): LabelPlace => ({
  x: valueAt(x, width, place.x),
  y: valueAt(y, height, height - place.y),
});

/** Pixels from the lower end of an axis. */
function pixels({ domain: [low, high], isLog = false }: Axis, length: number, value: number): number {
  const at = isLog ? Math.log : (number: number) => number;
  return (length * (at(value) - at(low))) / (at(high) - at(low));
}

/** The value at so many pixels from the lower end of an axis. */
function valueAt({ domain: [low, high], isLog = false }: Axis, length: number, pixel: number): number {
  const share = pixel / length;
  return isLog ? low * (high / low) ** share : low + share * (high - low);
}
