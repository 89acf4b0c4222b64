/** What all methods answer rightly against what they send. */

import { splitPoints } from '../../../../../core/model/index.ts';
import { listed } from '../../../markdown.ts';
import { chosenCodecs, pictureComparisons } from '../picture-comparison.ts';
import {
  bestBottlenet,
  frameSizes,
  type Measured,
  measuredAt,
  measuredOf,
  type PaperResults,
  uncompressedAccuracy,
} from '../report-data.ts';
import { labelledPoints, type PlotPoint, type PlotSpace } from './labelled-points.ts';
import { colours, emptyPlot, percentOf, title, toSvg } from './plot-style.ts';

/** Test accuracy against the mean bytes of a frame: split points by their two sizes, pictures by their budgets. */
export async function accuracyAgainstBytes(results: PaperResults): Promise<string> {
  const text = 'Right answers against bytes on the wire';
  const splits = [
    ...splitLines('AECNN', colours.green, (split, size) => measuredAt(results, 'aecnn', split, size)),
    ...splitLines('BottleNet++', colours.vermilion, (split, size) => bestBottlenet(results, split, size)),
  ];
  const adapted = adaptedLine(results);
  const best = bestCodecLine(results);
  const others = otherCodecs(results, best);
  const drawn = [...splits, ...adapted, ...best, ...others].map(({ point }) => point);
  if (drawn.length === 0) return emptyPlot(text);
  const uncompressed = uncompressedAccuracy(results, 0);
  const rule =
    uncompressed === undefined
      ? undefined
      : { y: percentOf(uncompressed), label: `uncompressed: ${percentOf(uncompressed).toFixed(1)} %` };
  return '';
}
