/** The picture itself against AECNN at the same number of bytes. */

import { adaptedBudgets, picturesId } from '../grid.ts';
import type { Difference } from './bootstrap.ts';
import {
  aecnnSplitSizes,
  configurationId,
  differenceOf,
  fineTunedMeasure,
  type Measured,
  mainMeasure,
  mainSplit,
  measuredOf,
  type PaperResults,
} from './report-data.ts';

/** A picture codec's setting that was chosen for a budget on the validation part. */
export interface ChosenCodec {
  readonly budgetBytes: number;
  readonly format: string;
  /** Of the test measure. */
  readonly name: string;
}

/** The settings of the picture codecs by budget, smallest first. */
export function chosenCodecs(results: PaperResults): readonly ChosenCodec[] {
  const chosen = results.get(picturesId)?.notes.chosen;
  if (!Array.isArray(chosen)) return [];
  return (chosen as ChosenCodec[]).toSorted((a, b) => a.budgetBytes - b.budgetBytes);
}

/** One codec on the test part with the network unchanged. */
export const unadaptedMeasure = (results: PaperResults, name: string): Measured | undefined =>
  measuredOf(results, () => picturesId, name, [0]);

/** What was run at one budget for whole pictures, and the frame of AECNN against it. */
export interface PictureComparison {
  readonly budgetBytes: number;
  /** Best on the test part of the settings that were chosen on the validation part: a gift to the codecs. */
  readonly unadapted?: Measured;
  /** Best on the test part of the networks adapted at this budget or a smaller one: the same gift. */
  readonly adapted?: Measured;
  /** AECNN's frame at {@link mainSplit}, of at most as many bytes, over the seeds that the better of the codecs has too. */
  readonly aecnn?: Measured;
  /** Of AECNN over the better of the codecs. */
  readonly lead?: Difference;
}

/** Pictures against AECNN at every budget that was run. */
export function pictureComparisons(results: PaperResults): readonly PictureComparison[] {
  const chosen = chosenCodecs(results);
  const adaptedRun = adaptedBudgets.filter((bytes) => results.has(adaptedId(bytes, 0)));
  const budgets = [...new Set([...chosen.map(({ budgetBytes: bytes }) => bytes), ...adaptedRun])].sort((a, b) => a - b);
  return budgets.map((bytes) => {
    const unadapted = mostAccurate(
      chosen.filter((one) => one.budgetBytes === bytes).flatMap(({ name }) => unadaptedMeasure(results, name) ?? []),
    );
    // By the budget and not by the bytes of the test part, which may exceed it a little.
    const adapted = mostAccurate(
      adaptedRun.filter((budget) => budget <= bytes).flatMap((budget) => adaptedAt(results, budget)),
    );
    const best = mostAccurate([unadapted, adapted].filter((one) => one !== undefined));
    const aecnn = frameWithin(results, bytes, best);
    const lead = aecnn && best && differenceOf(aecnn, best);
    return {
      budgetBytes: bytes,
      ...(unadapted ? { unadapted } : {}),
      ...(adapted ? { adapted } : {}),
      ...(aecnn ? { aecnn } : {}),
      ...(lead ? { lead } : {}),
    };
  });
}

const adaptedId = (bytes: number, seed: number): string => `adapted-pictures-${bytes}-seed${seed}`;

/** Networks adapted at a budget. */
function adaptedAt(results: PaperResults, bytes: number): Measured[] {
  return (results.get(adaptedId(bytes, 0))?.test ?? [])
    .filter(({ name }) => name.startsWith('adapted '))
    .flatMap(({ name }) => measuredOf(results, (seed) => adaptedId(bytes, seed), name) ?? []);
}

const mostAccurate = (measured: readonly Measured[]): Measured | undefined =>
  measured.toSorted((a, b) => b.accuracy - a.accuracy)[0];

/**
 * The largest frame at the main split point whose mean is within a budget, with the tail fine-tuned as the pictures' tails are
 * (frozen where that was not run). Nothing is chosen by accuracy.
 *
 * @param rival - Seeds that it does not have are left out, if it has any.
 */
function frameWithin(results: PaperResults, bytes: number, rival: Measured | undefined): Measured | undefined {
  const frames = aecnnSplitSizes
    .filter(({ split }) => split === mainSplit)
    .flatMap(({ size }) =>
      [fineTunedMeasure, mainMeasure].flatMap((name) => {
        const over = (among?: readonly number[]): Measured | undefined =>
          measuredOf(results, (seed) => configurationId('aecnn', mainSplit, size, seed), name, among);
        return (rival && over(rival.seeds.map(({ seed }) => seed))) ?? over() ?? [];
      }),
    );
  const [largest] = frames
    .filter((frame) => frame.bytes.mean <= bytes)
    .sort(
      (a, b) =>
        Number(b.name === fineTunedMeasure) - Number(a.name === fineTunedMeasure) || b.bytes.mean - a.bytes.mean,
    );
  return largest;
}
