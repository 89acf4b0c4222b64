/** What all methods answer rightly against what they send. */

import { type SplitPoint, splitPoints } from '../../../../../core/model/index.ts';
import type { FrameSize } from '../../paper-result.ts';
import { chosenCodecs, pictureComparisons, unadaptedMeasure } from '../picture-comparison.ts';
import {
  aecnnSplitSizes,
  bestBottlenet,
  type Measured,
  measuredAt,
  type PaperResults,
  seeds,
  splitSizes,
  uncompressedAccuracy,
} from '../report-data.ts';
import { labelledPoints, type PlotPoint, type PlotSpace } from './labelled-points.ts';
import { colours, emptyPlot, percentOf, title, toSvg } from './plot-style.ts';

/** Test accuracy against the mean bytes of a frame: split points in their sizes, pictures at their budgets. */
export async function accuracyAgainstBytes(results: PaperResults): Promise<string> {
  const text = 'Right answers against bytes on the wire';
  const splits = [
    ...splitLines('AECNN', colours.green, aecnnSplitSizes, (split, size) => measuredAt(results, 'aecnn', split, size)),
    ...splitLines('BottleNet++', colours.vermilion, splitSizes, (split, size) => bestBottlenet(results, split, size)),
  ];
  const adapted = adaptedPictures(results);
  const pictures = unchangedPictures(results);
  const all = [...splits, ...adapted, ...pictures, ...otherFormats(results)];
  if (all.length === 0) return emptyPlot(text);
  const rule = uncompressedRule(results);
  const bottom = lowestShown([...splits, ...adapted], pictures);
  const points = all.filter(({ y }) => y >= bottom);
  const hidden = points.length < all.length ? `; pictures below ${bottom} % are left out` : '';
  const subtitle = `AECNN (tail frozen) and the best BottleNet++: a line for each split point${hidden}`;
  const highest = Math.max(...points.map(({ y }) => y), rule?.y ?? 0);
  return toSvg(
    labelledPoints(
      title(text, subtitle),
      plotSpace(
        points.map(({ x }) => x),
        [bottom, highest + 0.07 * (highest - bottom)],
      ),
      { points, lines: points.filter(({ isHollow }) => !isHollow), ...(rule ? { rule } : {}) },
    ),
  );
}

const pointOf = ({ bytes, accuracy }: Measured, series: string, colour: string): PlotPoint => ({
  series,
  colour,
  x: bytes.mean,
  y: percentOf(accuracy),
});

/** All sizes of every split point, small first; the largest is named, the largest of all with its method. */
function splitLines(
  method: string,
  colour: string,
  sizes: typeof splitSizes,
  measuredIn: (split: SplitPoint, size: FrameSize) => Measured | undefined,
): PlotPoint[] {
  const lines = splitPoints.flatMap((split) => {
    const measured = sizes.flatMap((one) => (one.split === split && measuredIn(split, one.size)) || []);
    const line = measured.map((one) => pointOf(one, `${method} ${split}`, colour)).sort((a, b) => a.x - b.x);
    return line.map((point, i) => (i === line.length - 1 ? { ...point, label: split } : point));
  });
  const [largest] = lines.toSorted((a, b) => b.x - a.x);
  return lines.map((point) => (point === largest ? { ...point, label: `${method}, ${point.label}` } : point));
}

function adaptedPictures(results: PaperResults): PlotPoint[] {
  const series = 'picture, tail adapted';
  const measured = pictureComparisons(results).flatMap(({ adapted }) => adapted ?? []);
  const distinct = measured.filter(({ name }, i) => measured.findIndex((other) => other.name === name) === i);
  // Named where it begins: it ends among the lines of AECNN.
  return distinct.map((one, i) => ({ ...pointOf(one, series, colours.blue), ...(i === 0 ? { label: series } : {}) }));
}

/** The best codec of each budget with the network unchanged; its format is named where it changes. */
function unchangedPictures(results: PaperResults): PlotPoint[] {
  const measured = pictureComparisons(results).flatMap(({ unadapted }) => unadapted ?? []);
  const distinct = measured.filter(({ name }, i) => measured.findIndex((other) => other.name === name) === i);
  const formatOf = (one: Measured | undefined): string | undefined => one?.name.split(' ')[0];
  return distinct.map((one, i) => {
    const point = pointOf(one, 'picture', colours.purple);
    const format = formatOf(one);
    if (i === distinct.length - 1) return { ...point, label: `${format} picture` };
    return format !== undefined && format !== formatOf(distinct[i - 1]) ? { ...point, label: format } : point;
  });
}

/** The formats that were read on the test part without being the best of a budget: marks without a line. */
function otherFormats(results: PaperResults): PlotPoint[] {
  const best = new Set(pictureComparisons(results).map(({ unadapted }) => unadapted?.name));
  const others = new Map(chosenCodecs(results).map(({ name, format }) => [name, format]));
  return [...others].flatMap(([name, format]) => {
    const measured = best.has(name) ? undefined : unadaptedMeasure(results, name);
    return measured ? [{ ...pointOf(measured, name, colours.purple), label: format, isHollow: true }] : [];
  });
}

/** A round number below everything that was trained for its size, and below the best picture. */
function lowestShown(trained: readonly PlotPoint[], pictures: readonly PlotPoint[]): number {
  const bestPicture = Math.max(...pictures.map(({ y }) => y));
  const lowest = Math.min(...trained.map(({ y }) => y), ...(pictures.length > 0 ? [bestPicture] : []));
  return Math.max(0, 5 * Math.floor((lowest - 0.5) / 5));
}

/** Mean over the seeds that were run, as the other marks. */
function uncompressedRule(results: PaperResults): { readonly y: number; readonly label: string } | undefined {
  const accuracies = seeds.flatMap((seed) => uncompressedAccuracy(results, seed) ?? []);
  if (accuracies.length === 0) return undefined;
  const y = percentOf(accuracies.reduce((a, b) => a + b, 0) / accuracies.length);
  return { y, label: `uncompressed: ${y.toFixed(1)} %` };
}

function plotSpace(bytes: readonly number[], domain: readonly [number, number]): PlotSpace {
  const shortest = 0.8 * Math.min(500, ...bytes);
  const longest = 1.5 * Math.max(3000, ...bytes);
  return {
    width: 760,
    height: 420,
    x: {
      title: 'mean bytes of a frame, header included where there is one (logarithmic)',
      domain: [shortest, longest],
      values: [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000].filter((tick) => tick >= shortest && tick <= longest),
      isLog: true,
    },
    y: { title: 'right answers on the test part, %', domain },
  };
}
