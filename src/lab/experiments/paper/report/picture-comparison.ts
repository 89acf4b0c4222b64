/** The picture itself against AECNN at the same number of bytes. */

import {
  adaptedBudgets,
  aecnnFrames,
  fineTunedMeasure,
  type Measured,
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

/** The settings of `pictures-seed0` by budget, smallest first. */
export function chosenCodecs(results: PaperResults): readonly ChosenCodec[] {
  const chosen = results.get('pictures-seed0')?.notes.chosen;
  if (!Array.isArray(chosen)) return [];
  return (chosen as ChosenCodec[]).toSorted((a, b) => a.budgetBytes - b.budgetBytes);
}

/** What was run at one budget for whole pictures, and the frame of AECNN against it. */
export interface PictureComparison {
  readonly budgetBytes: number;
  /** Best on the test part of the settings that were chosen on the validation part: a gift to the codecs. */
  readonly unadapted?: Measured;
  /** Best on the test part of the networks adapted at this budget or a smaller one: the same gift. */
  readonly adapted?: Measured;
  /** AECNN's frame at {@link mainSplit}, of at most as many bytes. */
  readonly aecnn?: Measured;
}

/** Pictures against AECNN at every budget that was run. */
export function pictureComparisons(results: PaperResults): readonly PictureComparison[] {
  const chosen = chosenCodecs(results);
  const adaptedRun = adaptedBudgets.filter((bytes) => results.has(`adapted-pictures-${bytes}-seed0`));
  const budgets = [...new Set([...chosen.map(({ budgetBytes: bytes }) => bytes), ...adaptedRun])].sort((a, b) => a - b);
  const adaptedAt = (bytes: number): Measured[] => {
    const id = `adapted-pictures-${bytes}-seed0`;
    return (results.get(id)?.test ?? [])
      .filter(({ name }) => name.startsWith('adapted '))
      .flatMap(({ name }) => measuredOf(results, () => id, name, [0]) ?? []);
  };
  return budgets.map((bytes) => {
    const unadapted = mostAccurate(
      chosen
        .filter((one) => one.budgetBytes === bytes)
        .flatMap(({ name }) => measuredOf(results, (seed) => `pictures-seed${seed}`, name, [0]) ?? []),
    );
    // By the budget and not by the bytes of the test part, which may exceed it a little.
    const adapted = mostAccurate(adaptedRun.filter((budget) => budget <= bytes).flatMap(adaptedAt));
    const aecnn = frameWithin(results, bytes);
    return {
      budgetBytes: bytes,
      ...(unadapted ? { unadapted } : {}),
      ...(adapted ? { adapted } : {}),
      ...(aecnn ? { aecnn } : {}),
    };
  });
}

const mostAccurate = (measured: readonly Measured[]): Measured | undefined =>
  [...measured].sort((a, b) => b.accuracy - a.accuracy)[0];

/**
 * The largest frame at the main split point whose mean is within a budget, with the tail fine-tuned as the pictures' tails are
 * (frozen where that was not run). Nothing is chosen by accuracy.
 */
function frameWithin(results: PaperResults, bytes: number): PictureComparison['aecnn'] {
  const [largest] = aecnnFrames(results)
    .filter(({ split, measured }) => split === mainSplit && measured.bytes.mean <= bytes)
    .map(({ measured }) => measured)
    .sort(
      (a, b) =>
        Number(b.name === fineTunedMeasure) - Number(a.name === fineTunedMeasure) || b.bytes.mean - a.bytes.mean,
    );
  return largest;
}
