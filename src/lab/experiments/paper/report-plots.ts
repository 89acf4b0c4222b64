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

/**
 * Room around a plot with axes, for its titles. Fixed, because without a canvas Vega takes every text for much wider than
 * it is and would leave a third of the picture empty.
 */
const frame = {
  autosize: { type: 'none' },
  padding: { left: 60, right: 24, top: 64, bottom: 48 },
} as const;

/** Room around the other plots. */
const padding = 16;

const title = (text: string, subtitle: string) =>
  ({
    text,
    subtitle,
    anchor: 'start',
    fontSize: 15,
    subtitleFontSize: 12,
    subtitleColor: '#555555',
    offset: 12,
  }) as const;

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

/** The value at so many pixels from the lower end of an axis. */
function valueAt({ domain: [low, high], isLog = false }: Axis, length: number, pixel: number): number {
  const share = pixel / length;
  return isLog ? low * (high / low) ** share : low + share * (high - low);
}

/** A specification of layers over one another. */
type LayeredSpec = Extract<TopLevelSpec, { readonly layer: unknown }>;

/** Lines through the points of each series where it has a line, the points, and their labels in free places. */
function labelledPoints(
  heading: ReturnType<typeof title>,
  { width, height, x, y }: PlotSpace,
  marks: readonly PlotPoint[],
  lines: readonly PlotPoint[] = marks,
  ruleAt?: number,
): LayeredSpec {
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
  const ruleY = ruleAt === undefined ? undefined : height - pixels(y, height, ruleAt);
  const onRule = Array.from({ length: ruleY === undefined ? 0 : width / 12 }, (_, i): LabelledMark => {
    return { x: 12 * i, y: ruleY ?? 0, label: '' };
  });
  const places = placeLabels([...inPixels, ...onLines, ...onRule], { width, height }).slice(0, marks.length);
  const labels = marks.flatMap(({ label, colour }, i) => {
    const place = places[i];
    if (!label || !place) return [];
    return [{ label, colour, x: valueAt(x, width, place.x), y: valueAt(y, height, height - place.y) }];
  });
  const axis = ({ title: text, domain, values, isLog = false }: Axis) => ({
    type: 'quantitative' as const,
    title: text,
    scale: { domain: [...domain], nice: false, ...(isLog ? { type: 'log' as const } : { zero: false }) },
    axis: { ...(values ? { values: [...values] } : {}), ...(isLog ? { format: ',' } : {}) },
  });
  const position = { x: { field: 'x', ...axis(x) }, y: { field: 'y', ...axis(y) } };
  const color = { field: 'colour', type: 'nominal', scale: null } as const;
  return {
    width,
    height,
    ...frame,
    title: heading,
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
        encoding: { ...position, text: { field: 'label' }, color },
      },
    ],
  };
}

/** Adds a dashed line at a height, with its label above its left end. */
function withRule(spec: LayeredSpec, y: number, label: string): LayeredSpec {
  const position = { y: { field: 'y', type: 'quantitative' as const } };
  const rule: LayeredSpec['layer'][number] = {
    data: { values: [{ y, label }] },
    layer: [
      { mark: { type: 'rule', strokeDash: [6, 4], color: colours.grey, strokeWidth: 1.5 }, encoding: position },
      {
        mark: { type: 'text', align: 'left', x: 4, dy: -8, color: '#444444' },
        encoding: { ...position, text: { field: 'label' } },
      },
    ],
  };
  return { ...spec, layer: [rule, ...spec.layer] };
}

const percentOf = (share: number): number => 100 * share;

/** Test accuracy against the mean bytes of a frame, all methods. */
async function accuracyAgainstBytes(results: PaperResults): Promise<string> {
  const text = 'Right answers against bytes on the wire';
  const pointOf = (measured: Measured, series: string, colour: string, label: string): PlotPoint => ({
    series,
    colour,
    label,
    x: measured.bytes.mean,
    y: percentOf(measured.accuracy),
  });
  const aecnn = aecnnFrames(results).map(({ split, measured }) =>
    pointOf(measured, 'AECNN', colours.green, `${split}${measured.name === fineTunedMeasure ? ', fine-tuned' : ''}`),
  );
  const bottlenet = splitPoints.flatMap((split) =>
    frameSizes.flatMap((size) => {
      const best = bestBottlenet(results, split, size);
      return best ? [pointOf(best, 'BottleNet++', colours.vermilion, split)] : [];
    }),
  );
  const adapted = pictureComparisons(results).flatMap(({ adapted: measured }) =>
    measured ? [pointOf(measured, 'adapted', colours.blue, '')] : [],
  );
  const codecs = codecPoints(results);
  const sent = [...aecnn, ...bottlenet, ...adapted];
  if (sent.length + codecs.length === 0) return emptyPlot(text);
  const lowest = sent.length > 0 ? 10 * Math.floor((Math.min(...sent.map(({ y }) => y)) - 1) / 10) : 0;
  const uncompressed = uncompressedAccuracy(results, 0);
  const highest = Math.max(percentOf(uncompressed ?? 0), ...sent.map(({ y }) => y)) + 2.5;
  const bottom = Math.max(0, Math.min(70, lowest));
  const shownCodecs = codecs.filter(({ y }) => y >= bottom);
  const marks = namedSeries([...adapted, ...shownCodecs], {
    adapted: 'picture, tail adapted',
    ...Object.fromEntries(codecs.map(({ series }) => [series, `${series} picture`])),
  });
  const all = [...namedLargest(aecnn), ...namedLargest(bottlenet), ...marks];
  const longest = 1.4 * Math.max(4000, ...all.map(({ x }) => x));
  const shortest = Math.min(200, 0.8 * Math.min(...all.map(({ x }) => x)));
  const hidden = codecs.length > shownCodecs.length ? `; codecs below ${bottom} % are left out` : '';
  const spec = labelledPoints(
    title(text, `points: split points of AECNN and of the best BottleNet++; lines: pictures${hidden}`),
    {
      width: 760,
      height: 400,
      x: {
        title: 'mean bytes of a frame, header included (logarithmic)',
        domain: [shortest, longest],
        values: logTicks(shortest, longest),
        isLog: true,
      },
      y: { title: 'right answers on the test part, %', domain: [bottom, Math.min(102.5, highest)] },
    },
    all,
    marks,
    uncompressed === undefined ? undefined : percentOf(uncompressed),
  );
  if (uncompressed === undefined) return toSvg(spec);
  return toSvg(withRule(spec, percentOf(uncompressed), `uncompressed: ${percentOf(uncompressed).toFixed(1)} %`));
}

/** Writes the name of the method beside its largest frame. */
function namedLargest(marks: readonly PlotPoint[]): PlotPoint[] {
  const largest = Math.max(...marks.map(({ x }) => x));
  return marks.map((mark) => (mark.x === largest ? { ...mark, label: `${mark.series}, ${mark.label}` } : mark));
}

/** Round numbers of a logarithmic axis. */
const logTicks = (low: number, high: number): number[] =>
  [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000].filter((value) => value >= low && value <= high);

const codecColours: Readonly<Record<string, string>> = {
  jpeg: colours.orange,
  webp: colours.purple,
  avif: colours.sky,
};

/** The setting of each picture codec that was chosen at each budget, network unchanged. */
function codecPoints(results: PaperResults): PlotPoint[] {
  return chosenCodecs(results)
    .flatMap(({ format, name }) => {
      const measured = measuredOf(results, (seed) => `pictures-seed${seed}`, name, [0]);
      const point = measured && { x: measured.bytes.mean, y: percentOf(measured.accuracy) };
      return point ? [{ series: format, colour: codecColours[format] ?? colours.grey, ...point }] : [];
    })
    .sort((a, b) => a.series.localeCompare(b.series) || a.x - b.x);
}

/** Gives the last point of each series its name. */
const namedSeries = (marks: readonly PlotPoint[], names: Readonly<Record<string, string>>): PlotPoint[] =>
  marks.map((mark, i) =>
    marks[i + 1]?.series === mark.series ? mark : { ...mark, label: names[mark.series] ?? mark.series },
  );

/** Validation accuracy against seconds of training: AECNN step by step, end to end, BottleNet++. */
async function accuracyAgainstSeconds(results: PaperResults): Promise<string> {
  const text = `Accuracy against seconds of training, ${mainSplit}, one packet`;
  const bottlenet = results.get(configurationId('bottlenet', mainSplit, 'packet', 0));
  const courses = [
    { id: configurationId('aecnn', mainSplit, 'packet', 0), name: 'AECNN, step by step', colour: colours.green },
    { id: ablationId('end-to-end'), name: 'AECNN, end to end', colour: colours.blue },
  ].flatMap(({ id, name, colour }) => {
    const result = results.get(id);
    return result ? [{ name, colour, history: frozenTailHistory(result) }] : [];
  });
  const baseline = bottlenet ? [{ name: 'BottleNet++', colour: colours.vermilion, history: bottlenet.history }] : [];
  const marks = [...courses, ...baseline].flatMap(({ name, colour, history }) =>
    history.map(({ seconds, accuracy }): PlotPoint => {
      return { series: name, colour, x: seconds, y: percentOf(accuracy) };
    }),
  );
  if (marks.length === 0) return emptyPlot(text);
  const last = Math.max(...marks.map(({ x }) => x));
  const lowest = Math.max(0, 10 * Math.floor(Math.min(...marks.map(({ y }) => y)) / 10));
  const highest = Math.max(...marks.map(({ y }) => y));
  return toSvg(
    labelledPoints(
      title(text, 'validation part; each point is an epoch, the steps before it counted'),
      {
        width: 760,
        height: 340,
        x: { title: 'seconds of training', domain: [0, 1.05 * last] },
        y: { title: 'validation accuracy, %', domain: [lowest, Math.min(102, highest + 4)] },
      },
      namedSeries(marks, {}),
    ),
  );
}

/** Most points that the smallest frame of a split point may lose to count. */
const mostLoss = 0.01;

/** Multiply-accumulates of the device against the smallest frame within a point of loss, by split point. */
async function gmacAgainstBytes(results: PaperResults): Promise<string> {
  const text = 'Work of the device against the smallest frame that loses at most 1 point';
  const marks = splitPoints.flatMap((split) => smallestFrame(results, split) ?? []);
  if (marks.length === 0) return emptyPlot(text);
  const largest = Math.max(...marks.map(({ x }) => x));
  const hasHollow = marks.some(({ isHollow }) => isHollow);
  const missed = hasHollow ? '; hollow: every frame loses more, the one that loses least is shown' : '';
  return toSvg(
    labelledPoints(
      title(text, `AECNN, whole frames, test part${missed}`),
      {
        width: 640,
        height: 320,
        x: { title: 'mean bytes of a frame, header included', domain: [0, 1.35 * largest] },
        y: { title: 'work of the device, GMAC', domain: [0, 4.5] },
      },
      marks,
      [],
    ),
  );
}

function smallestFrame(results: PaperResults, split: SplitPoint): PlotPoint | undefined {
  const frames = aecnnFrames(results).filter((frame) => frame.split === split);
  const within = frames.filter(({ measured }) => measured.loss <= mostLoss + 1e-9);
  const [best] =
    within.length > 0
      ? within.toSorted((a, b) => a.measured.bytes.mean - b.measured.bytes.mean)
      : frames.toSorted((a, b) => a.measured.loss - b.measured.loss);
  const gmac = best && results.get(configurationId('aecnn', split, best.size, 0))?.notes.deviceGmac;
  if (!best || typeof gmac !== 'number') return undefined;
  const { measured } = best;
  const tail = measured.name === fineTunedMeasure ? ', fine-tuned' : '';
  return {
    series: split,
    colour: colours.green,
    x: measured.bytes.mean,
    y: gmac,
    label: `${split}${tail}: ${thousands(measured.bytes.mean)} bytes, ${points(measured.loss)} points`,
    isHollow: within.length === 0,
  };
}

/** Mean gate of every feature channel, sorted, and which of them are sent on, by split point. */
async function attentionChoice(results: PaperResults): Promise<string> {
  const text = 'What the attention chose';
  const shown = splitPoints.flatMap((split) => gatesOf(results, split) ?? []);
  if (shown.length === 0) return emptyPlot(text);
  const kinds = ['selected', 'left out'] as const;
  return toSvg({
    padding,
    title: title(text, 'mean gate of every feature channel over the training part, largest first'),
    data: { values: shown.flatMap(({ values }) => values) },
    facet: {
      column: {
        field: 'split',
        title: null,
        sort: shown.map(({ split }) => split),
        header: { labelColor: '#222222', labelFontSize: 12 },
      },
    },
    resolve: { scale: { x: 'independent' } },
    spec: {
      width: 175,
      height: 220,
      mark: { type: 'area', line: false, opacity: 0.9 },
      encoding: {
        x: {
          field: 'rank',
          type: 'quantitative',
          title: 'feature channel, sorted',
          scale: { nice: false },
          axis: { tickCount: 4, grid: false },
        },
        y: { field: 'gate', type: 'quantitative', title: 'mean gate', scale: { domain: [0, 1] }, stack: null },
        color: {
          field: 'kind',
          type: 'nominal',
          scale: { domain: [...kinds], range: [colours.green, '#BBBBBB'] },
          legend: { orient: 'top', title: null },
        },
      },
    },
  });
}

interface Gate {
  readonly split: string;
  readonly rank: number;
  readonly gate: number;
  readonly kind: string;
}

/** Gates of a split point, largest first; nothing when it has none. */
function gatesOf(results: PaperResults, split: SplitPoint): { split: string; values: readonly Gate[] } | undefined {
  const result = frameSizes.map((size) => results.get(configurationId('aecnn', split, size, 0))).find((one) => one);
  const { meanGates, selectedChannels } = result?.notes ?? {};
  if (!Array.isArray(meanGates) || meanGates.length === 0 || !Array.isArray(selectedChannels)) return undefined;
  const selected = new Set(selectedChannels as number[]);
  const name = `${split}: ${thousands(selected.size)} of ${thousands(meanGates.length)} selected`;
  const sorted = (meanGates as number[])
    .map((gate, channel) => ({ gate, kind: selected.has(channel) ? 'selected' : 'left out' }))
    .sort((a, b) => b.gate - a.gate);
  return {
    split: name,
    values: sorted.map(({ gate, kind }, i) => ({ split: name, rank: i + 1, gate: round(gate), kind })),
  };
}

/** Four digits: what a plot shows, and the same text on every machine. */
const round = (value: number): number => Math.round(1e4 * value) / 1e4;

/** Every plot by the name of its file. */
export const paperPlots: Readonly<Record<string, (results: PaperResults) => Promise<string>>> = {
  'accuracy-against-bytes': accuracyAgainstBytes,
  'accuracy-against-seconds': accuracyAgainstSeconds,
  'gmac-against-bytes': gmacAgainstBytes,
  attention: attentionChoice,
};
