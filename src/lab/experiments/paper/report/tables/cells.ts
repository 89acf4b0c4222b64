/** What the cells of several tables say. */

import type { SplitPoint } from '../../../../../core/model/index.ts';
import { elementCount } from '../../../../../core/tensor/index.ts';
import { readShape } from '../../../../networks/index.ts';
import { points, thousands } from '../../../markdown.ts';
import type { FrameBytes } from '../../paper-result.ts';
import { featureBytes } from '../../protocol.ts';
import type { Difference } from '../bootstrap.ts';
import { isOutdated, type Measured, outdatedIds, type PaperResults } from '../report-data.ts';

/** In place of a figure that there is no file for. */
export const notRun = 'not run yet';

/** Mean bytes of a frame, the largest in brackets. */
export const bytesText = ({ mean, max }: FrameBytes): string => `${thousands(mean)} (${thousands(max)})`;

/** A difference in points with its interval; empty without one. */
export const differenceText = (difference: Difference | undefined): string =>
  difference ? `${points(difference.mean)} (${points(difference.low)} to ${points(difference.high)})` : '';

/** Bytes of the float32 values that the tail reads at a split point. */
const readBytes = (split: SplitPoint): number => 4 * elementCount(readShape(split));

/** How many times smaller a frame is than the map, and in brackets than what the tail reads of it. */
export function ratioText(split: SplitPoint, { mean }: FrameBytes): string {
  return `${thousands(featureBytes(split) / mean)}x (${thousands(readBytes(split) / mean)}x)`;
}

const toBeRunAgain = ' (to be run again)';

/** Marks what rests on results that a run of today would replace. */
export const outdatedMark = (results: PaperResults, ...measured: readonly (Measured | undefined)[]): string =>
  isOutdated(results, ...measured) ? toBeRunAgain : '';

/** The same for a configuration that has no measure of its own. */
export const outdatedIdMark = (results: PaperResults, id: string): string =>
  outdatedIds(results).includes(id) ? toBeRunAgain : '';

/** What a measure of BottleNet++ is, in words. */
export function bottlenetName({ family, name }: Measured): string {
  return `${name}${family === 'bottlenet-distilled' ? ', distilled' : ''}`;
}
