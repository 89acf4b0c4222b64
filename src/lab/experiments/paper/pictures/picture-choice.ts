/**
 * Which picture codec to take for a number of bytes: pure rules over what was measured on the validation part.
 *
 * First every side and quality of a format is tried on a small sample of pictures, which gives mean bytes and how far the
 * network's answers move (a divergence tells more than an accuracy of so few). Of each format the combinations that diverge
 * least within the budgets become candidates. The sides that diverge least where they fill a budget do so, at the highest
 * quality that fits. The accuracy of all these on more pictures of the validation part decides.
 */

import type { FrameBytes } from '../paper-result.ts';
import { type PictureCodec, type PictureFormat, pictureFormats } from './picture-codecs.ts';

/** What is tried, and for which sizes a choice is made. */
export interface PictureGrid {
  readonly formats: readonly PictureFormat[];
  readonly sides: readonly number[];
  /** Sampled ones, from low to high; those that fill a budget are any of 1 to 100. */
  readonly qualities: readonly number[];
  /** Mean bytes of a picture, from small to large. */
  readonly budgets: readonly number[];
  /** Budgets at which every format is read on the test part; at the others only the best one. */
  readonly comparedBudgets: readonly number[];
  /** Pictures in the small sample, on which everything is tried. */
  readonly sampledPictures: number;
  /** Pictures of the validation part that the candidates are compared on; all when it has fewer. */
  readonly validationPictures: number;
  /** Most candidates of a format. */
  readonly mostCandidates: number;
  /** Sides of a format that fill each budget. */
  readonly filledSides: number;
}

/** The grid of the paper's experiment. */
export const defaultPictureGrid: PictureGrid = {
  formats: pictureFormats,
  sides: [224, 160, 112, 80, 56, 40, 28],
  qualities: [1, 5, 10, 20, 35, 50, 70, 90],
  budgets: [250, 350, 500, 700, 1000, 1500, 2000],
  comparedBudgets: [1000],
  sampledPictures: 24,
  validationPictures: 300,
  mostCandidates: 8,
  filledSides: 2,
};

/** A codec on the small sample. */
export interface SampledCodec {
  readonly codec: PictureCodec;
  readonly meanBytes: number;
  /** Of the network's answers from those to the uncompressed pictures: see {@link meanDivergence}. */
  readonly divergence: number;
}

/** A codec on the validation part. */
export interface ValidatedCodec {
  readonly codec: PictureCodec;
  readonly bytes: FrameBytes;
  readonly accuracy: number;
}

/** What was chosen for a budget. */
export interface BudgetChoice {
  readonly budgetBytes: number;
  /** The best of all formats; absent when nothing fits. */
  readonly best?: ValidatedCodec;
  /** The best of each format that has something that fits, `best` among them. */
  readonly ofFormats: readonly ValidatedCodec[];
}

/**
 * Candidates of one format: at each budget the codecs within it, in the order of their divergence, of different sides; the
 * first of every budget, then the second of every budget and so on, until there are enough.
 */
export function candidateCodecs(
  sampled: readonly SampledCodec[],
  { budgets, mostCandidates }: Pick<PictureGrid, 'budgets' | 'mostCandidates'>,
): PictureCodec[] {
  const ranked = budgets.map((budget) => bestOfSides(sampled.filter(({ meanBytes }) => meanBytes <= budget)));
  const candidates = new Set<PictureCodec>();
  const longest = Math.max(0, ...ranked.map(({ length }) => length));
  for (let rank = 0; rank < longest; rank++) {
    for (const codecs of ranked) {
      const codec = codecs[rank];
      if (codec && candidates.size < mostCandidates) candidates.add(codec);
    }
  }
  return [...candidates];
}

/**
 * The sides, of one format, that diverge least when they fill a budget, least first: at qualities between those that were
 * sampled, so that a side is not judged by a file of half the bytes because its next quality is a little above the budget.
 */
export function sidesToFill(sampled: readonly SampledCodec[], budgetBytes: number, count: number): number[] {
  const sides = [...new Set(sampled.map(({ codec }) => codec.side))];
  return sides
    .map((side) => ({ side, divergence: divergenceAt(ofSide(sampled, side), budgetBytes) }))
    .sort((a, b) => a.divergence - b.divergence)
    .filter(({ divergence }) => divergence < Number.POSITIVE_INFINITY)
    .slice(0, count)
    .map(({ side }) => side);
}

const ofSide = (sampled: readonly SampledCodec[], side: number): SampledCodec[] =>
  sampled.filter(({ codec }) => codec.side === side).sort((a, b) => a.meanBytes - b.meanBytes);

/**
 * Divergence of one side at a number of bytes, linear in their logarithm between the codecs around them: that of the largest
 * where it is no larger, infinite where the smallest is larger.
 *
 * @param ascending - By mean bytes.
 */
function divergenceAt(ascending: readonly SampledCodec[], bytes: number): number {
  const below = ascending.findLast(({ meanBytes }) => meanBytes <= bytes);
  const above = ascending.find(({ meanBytes }) => meanBytes > bytes);
  if (below === undefined) return Number.POSITIVE_INFINITY;
  if (above === undefined) return below.divergence;
  const share = Math.log(bytes / below.meanBytes) / Math.log(above.meanBytes / below.meanBytes);
  return below.divergence + share * (above.divergence - below.divergence);
}

/**
 * The highest quality whose mean bytes fit a budget; by bisection, as bytes rise with the quality.
 *
 * @param meanBytesAt - Mean bytes at a quality of 1 to 100.
 * @returns nothing when quality 1 does not fit.
 */
export async function highestQualityWithin(
  budgetBytes: number,
  meanBytesAt: (quality: number) => Promise<number>,
): Promise<number | undefined> {
  let [fits, exceeds] = [0, 101];
  while (exceeds - fits > 1) {
    const quality = (fits + exceeds) >> 1;
    if ((await meanBytesAt(quality)) <= budgetBytes) fits = quality;
    else exceeds = quality;
  }
  return fits > 0 ? fits : undefined;
}

/** The codec of each side that diverges least, least first. */
function bestOfSides(sampled: readonly SampledCodec[]): PictureCodec[] {
  const best = new Map<number, PictureCodec>();
  for (const { codec } of [...sampled].sort((a, b) => a.divergence - b.divergence || a.meanBytes - b.meanBytes)) {
    if (!best.has(codec.side)) best.set(codec.side, codec);
  }
  return [...best.values()];
}

/** The most accurate codec whose mean bytes are within a budget; of equals the one with fewer bytes, then the first. */
export function bestWithin(validated: readonly ValidatedCodec[], budgetBytes: number): ValidatedCodec | undefined {
  return validated
    .filter(({ bytes }) => bytes.mean <= budgetBytes)
    .sort((a, b) => b.accuracy - a.accuracy || a.bytes.mean - b.bytes.mean)[0];
}

/** Share of a budget's bytes from which on a codec fills it. */
export const filledShare = 0.95;

/**
 * The most accurate codec among those that fill a budget (of what fits, where none fills it): what a tail is adapted to. The
 * unchanged network may answer a lower quality as well; one that knows such pictures makes use of every byte.
 */
export function bestFilling(validated: readonly ValidatedCodec[], budgetBytes: number): ValidatedCodec | undefined {
  const filling = validated.filter(({ bytes }) => bytes.mean >= filledShare * budgetBytes);
  return bestWithin(filling, budgetBytes) ?? bestWithin(validated, budgetBytes);
}

/** The choice for one budget, by accuracy on the validation part alone. */
export function chooseForBudget(validated: readonly ValidatedCodec[], budgetBytes: number): BudgetChoice {
  const best = bestWithin(validated, budgetBytes);
  const ofFormats = pictureFormats.flatMap((format) => {
    const chosen = bestWithin(
      validated.filter(({ codec }) => codec.format === format),
      budgetBytes,
    );
    return chosen ? [chosen] : [];
  });
  return { budgetBytes, ...(best ? { best } : {}), ofFormats };
}

/** The codecs to read on the test part, each once: the best of every budget, and of each format at the compared ones. */
export function codecsToTest(
  choices: readonly BudgetChoice[],
  { comparedBudgets }: Pick<PictureGrid, 'comparedBudgets'>,
): PictureCodec[] {
  const chosen = choices.flatMap(({ best, ofFormats, budgetBytes }) => [
    ...(best ? [best.codec] : []),
    ...(comparedBudgets.includes(budgetBytes) ? ofFormats.map(({ codec }) => codec) : []),
  ]);
  return [...new Set(chosen)];
}

/**
 * Mean Kullback-Leibler divergence, in nats, of answers from reference answers.
 *
 * @param reference - Logits, `float32[n, classes]`.
 * @param answers - Logits of the same shape.
 */
export function meanDivergence(reference: Float32Array, answers: Float32Array, classes: number): number {
  const rows = reference.length / classes;
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const from = logSoftmax(reference.subarray(row * classes, (row + 1) * classes));
    const to = logSoftmax(answers.subarray(row * classes, (row + 1) * classes));
    from.forEach((logProbability, c) => {
      sum += Math.exp(logProbability) * (logProbability - (to[c] as number));
    });
  }
  return sum / rows;
}

function logSoftmax(logits: Float32Array): number[] {
  const largest = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const logSum = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
  return Array.from(logits, (logit) => logit - largest - logSum);
}
