/** What the device computes against what it sends. */

import { type SplitPoint, splitPoints } from '../../../../../core/model/index.ts';
import { points, thousands } from '../../../markdown.ts';
import {
  configurationId,
  fineTunedMeasure,
  frameSizes,
  mainMeasure,
  measuredAt,
  type PaperResults,
} from '../report-data.ts';
import { labelledPoints, type PlotPoint } from './labelled-points.ts';
import { colours, emptyPlot, title, toSvg } from './plot-style.ts';

/** Most points that the smallest frame of a split point may lose to count. */
const mostLoss = 0.01;

/**
 * Multiply-accumulates of the device against the smallest frame within a point of loss, by split point; of the sizes that
 * every split point has.
 */
export async function gmacAgainstBytes(results: PaperResults): Promise<string> {
  const text = 'Work of the device against the smallest frame that loses at most 1 point';
  const marks = splitPoints.flatMap((split) => smallestFrame(results, split) ?? []);
  if (marks.length === 0) return emptyPlot(text);
  const largest = Math.max(...marks.map(({ x }) => x));
  const hasHollow = marks.some(({ isHollow }) => isHollow);
  const missed = hasHollow ? '; hollow: every frame loses more, the one that loses least is shown' : '';
  return toSvg(
    labelledPoints(
      title(text, `AECNN, one packet or 256x, test part${missed}`),
      {
        width: 640,
        height: 320,
        x: { title: 'mean bytes of a frame, header included', domain: [0, 1.35 * largest] },
        y: { title: 'work of the device, GMAC', domain: [0, 4.5] },
      },
      { points: marks },
    ),
  );
}

function smallestFrame(results: PaperResults, split: SplitPoint): PlotPoint | undefined {
  const frames = frameSizes.flatMap((size) =>
    [mainMeasure, fineTunedMeasure].flatMap((name) => {
      const measured = measuredAt(results, 'aecnn', split, size, name);
      return measured ? [{ size, measured }] : [];
    }),
  );
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
