/** The targets of the experiment, each judged by the result files: nothing here knows how they came out. */

import { type SplitPoint, splitPoints } from '../../../../core/model/index.ts';
import { listed, points, thousands } from '../../markdown.ts';
import { type Target, type TargetPart, target } from '../../target.ts';
import { paperGrid, picturesId } from '../grid.ts';
import type { FrameSize } from '../paper-result.ts';
import type { Difference } from './bootstrap.ts';
import { convergence } from './convergence.ts';
import { pictureComparisons } from './picture-comparison.ts';
import {
  bestBottlenet,
  differenceOf,
  fineTunedMeasure,
  fitsSize,
  frameSizes,
  isOutdated,
  type Measured,
  measuredAt,
  missingAt,
  type PaperResults,
  uncompressedMeasure,
} from './report-data.ts';

/** Most points that one packet may lose at each split point. */
const packetLoss: Readonly<Record<SplitPoint, number>> = {
  conv2_x: 0.025,
  conv3_x: 0.015,
  conv4_x: 0.01,
  conv5_x: 0.01,
};

/** Largest budget at which AECNN is to be above the picture codecs. */
const largestPictureBudget = 2000;

/** A hair, so that a loss of exactly a point is a point. */
const tolerance = 1e-9;

/** What a figure rests on may be of today, missing its strongest rival, or to be replaced by a run of today. */
interface Standing {
  /** What is to be said of it behind the figure. */
  readonly hint: string;
  /** Whether a figure that would do meets its part. */
  readonly decides: boolean;
}

function standingOf(results: PaperResults, rests: readonly (Measured | undefined)[], missing = ''): Standing {
  const outdated = isOutdated(results, ...rests);
  return { hint: `${outdated ? ', to be run again' : ''}${missing}`, decides: !outdated && missing === '' };
}

/** What keeps a figure from deciding: rows that have not been run. */
const missingHint = (ids: readonly string[]): string =>
  ids.length === 0 ? '' : `, not run yet: ${listed(ids.map((id) => `\`${id}\``))}`;

/** A part is missed whatever it rests on, and met only by what decides. */
const judged = (isMet: boolean, { decides }: Standing): boolean | undefined => (isMet && !decides ? undefined : isMet);

/** A 95 % interval behind its figure. */
const intervalText = (difference: Difference | undefined): string =>
  difference ? ` (${points(difference.low)} to ${points(difference.high)})` : '';

function lossPart(results: PaperResults, split: SplitPoint, size: FrameSize, most: number): TargetPart {
  const measured = measuredAt(results, 'aecnn', split, size);
  if (!measured) return { figure: `${split}: not run yet`, isMet: undefined };
  const isMet = measured.loss <= most + tolerance && fitsSize(split, size, measured.bytes);
  const fineTuned = isMet ? undefined : measuredAt(results, 'aecnn', split, size, fineTunedMeasure);
  const bytes =
    size === 'packet' ? `largest ${thousands(measured.bytes.max)} bytes` : `${thousands(measured.bytes.mean)} bytes`;
  const uncompressed = uncompressedMeasure(results);
  const interval = uncompressed ? intervalText(differenceOf(uncompressed, measured)) : '';
  const hint = fineTuned ? `, tail fine-tuned ${points(fineTuned.loss)}` : '';
  const standing = standingOf(results, [measured], missingHint(missingAt(results, ['aecnn'], split, size)));
  const figure = `${split}: ${points(measured.loss)}${interval}, ${bytes}${hint}${standing.hint}`;
  return { figure, isMet: judged(isMet, standing) };
}

function bottlenetPart(results: PaperResults, split: SplitPoint, size: FrameSize): TargetPart {
  const ours = measuredAt(results, 'aecnn', split, size);
  const theirs = bestBottlenet(results, split, size);
  const difference = ours && theirs && differenceOf(ours, theirs);
  if (!difference) return { figure: `${split} ${size}: not run yet`, isMet: undefined };
  const missing = missingHint(missingAt(results, ['aecnn', 'bottlenet'], split, size));
  const standing = standingOf(results, [ours, theirs], missing);
  return {
    figure: `${split} ${size}: ${points(difference.mean)}${intervalText(difference)}${standing.hint}`,
    isMet: judged(difference.low > 0, standing),
  };
}

function pictureParts(results: PaperResults): TargetPart[] {
  return pictureComparisons(results)
    .filter(({ budgetBytes }) => budgetBytes <= largestPictureBudget)
    .map(({ budgetBytes, unadapted, adapted, aecnn, lead }) => {
      const bytes = `${thousands(budgetBytes)} bytes`;
      if (!aecnn) return { figure: `${bytes}: no frame of AECNN is so small`, isMet: false };
      if (!lead) return { figure: `${bytes}: pictures not run yet`, isMet: undefined };
      const standing = standingOf(results, [aecnn, unadapted, adapted]);
      const tie = lead.mean > tolerance && lead.low <= 0 ? ', a tie' : '';
      const figure = `${bytes}: ${points(lead.mean)}${intervalText(lead)}${tie}${standing.hint}`;
      return { figure, isMet: judged(lead.mean > tolerance, standing) };
    });
}

function convergencePart(results: PaperResults): TargetPart {
  const course = convergence(results);
  if (!course) return { figure: 'not run yet', isMet: undefined };
  const { ratio, stepByStep, endToEnd } = course;
  if (ratio === undefined) return { figure: 'step by step never comes so near', isMet: false };
  const theirs = endToEnd.secondsToThreshold ?? endToEnd.seconds;
  const never = endToEnd.secondsToThreshold === undefined ? ' (which never comes so near: all its seconds)' : '';
  const figure = `${thousands(stepByStep.secondsToThreshold ?? 0)} s against ${thousands(theirs)} s${never}, ${ratio.toFixed(2)} of it`;
  return { figure, isMet: ratio <= 0.5 + tolerance };
}

/** All targets of the experiment, in their order. */
export function targets(results: PaperResults): readonly Target[] {
  const limits = listed(splitPoints.map((split) => `${points(packetLoss[split])} at ${split}`));
  return [
    target(
      '1. 256 times smaller: at most 1 point lost at every split point (points, 95 % interval)',
      splitPoints.map((split) => lossPart(results, split, '256x', 0.01)),
    ),
    target(
      `2. one packet, every frame: at most ${limits} points lost (points, 95 % interval)`,
      splitPoints.map((split) => lossPart(results, split, 'packet', packetLoss[split])),
    ),
    target(
      '3. above BottleNet++ everywhere, the 95 % interval of the difference (points) above zero',
      frameSizes.flatMap((size) => splitPoints.map((split) => bottlenetPart(results, split, size))),
    ),
    target('4. above every picture codec at every budget up to 2 kB, adapted tails included (points, 95 % interval)', [
      ...pictureParts(results),
      ...(results.has(picturesId) ? [] : [{ figure: 'pictures: not run yet', isMet: undefined }]),
      ...missingAdapted(results),
    ]),
    target('5. step by step within 1 point of the better final accuracy in at most half of the seconds of end to end', [
      convergencePart(results),
    ]),
  ];
}

function missingAdapted(results: PaperResults): TargetPart[] {
  const missing = paperGrid().filter(({ id, method }) => method === 'adapted-pictures' && !results.has(id));
  if (missing.length === 0) return [];
  return [{ figure: `not run yet: ${listed(missing.map(({ id }) => `\`${id}\``))}`, isMet: undefined }];
}
