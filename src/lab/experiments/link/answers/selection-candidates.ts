/**
 * Which picture codecs are worth a choice for a link, and how they do: on training pictures alone, never on the test part.
 *
 * The rule is that of the paper's experiment (`picture-choice.ts`): every side and quality of a format is tried on a few
 * pictures, those that move the answers least within each number of bytes become candidates, and candidates answer more
 * pictures. What a link then chooses among them is the caller's.
 */

import { type Dataset, rememberedSample, type Sample, stratifiedSelection } from '../../../datasets/index.ts';
import {
  candidateCodecs,
  defaultPictureGrid,
  type PictureGrid,
  type SampledCodec,
} from '../../paper/pictures/picture-choice.ts';
import type { PictureCodec, PictureFormat } from '../../paper/pictures/picture-codecs.ts';
import type { Answer } from './answer.ts';
import type { CodecAnswers, PictureNetwork } from './picture-answers.ts';

/** The parts of a grid that candidates depend on. */
export type CandidateGrid = Omit<PictureGrid, 'comparedBudgets' | 'filledSides'>;

/**
 * The grid for links: budgets up to files that no slow link carries in time, for the fast ones. AVIF is left out: a device
 * would not have encoded it by then.
 */
export const linkPictureGrid: CandidateGrid = {
  ...defaultPictureGrid,
  formats: ['jpeg', 'webp'],
  budgets: [250, 350, 500, 700, 1000, 1500, 2000, 4000, 8000, 16_000],
  sampledPictures: 24,
  validationPictures: 150,
  // One for each budget: with fewer, those of the largest budgets, which come last, could be left out.
  mostCandidates: 10,
};

/** A codec with its answers to the pictures of a choice. */
export interface Candidate extends CodecAnswers {
  readonly codec: PictureCodec;
}

/** What a choice is made on. */
export interface SelectionCandidates {
  /** Training pictures, drawn evenly from the classes. */
  readonly samples: readonly Sample[];
  /** What is right for each of them. */
  readonly labels: readonly number[];
  /** The answers to them as they are. */
  readonly uncompressed: readonly Answer[];
  /** Format by format. */
  readonly candidates: readonly Candidate[];
}

/**
 * Finds candidates and their answers; what was answered before is taken from the cache.
 *
 * @param seed - Draws the pictures.
 * @throws the signal's reason when aborted; what was computed is kept.
 */
export async function selectionCandidates(
  network: PictureNetwork,
  { train }: Pick<Dataset, 'train'>,
  seed: number,
  grid: CandidateGrid = linkPictureGrid,
): Promise<SelectionCandidates> {
  const samples = stratifiedSelection(train, grid.validationPictures, seed);
  const few = stratifiedSelection(samples, grid.sampledPictures, seed).map(rememberedSample);
  const candidates: Candidate[] = [];
  for (const format of grid.formats) {
    for (const codec of candidateCodecs(await sampledCodecs(network, few, format, grid), grid)) {
      candidates.push({ codec, ...(await network.answer(codec, samples)) });
    }
  }
  const uncompressed = await network.uncompressed(samples);
  return { samples, labels: await network.labels(samples), uncompressed, candidates };
}

/** Every side and quality of a format on a few pictures, but for qualities beyond one that exceeds the largest budget. */
async function sampledCodecs(
  network: PictureNetwork,
  samples: readonly Sample[],
  format: PictureFormat,
  { sides, qualities, budgets }: CandidateGrid,
): Promise<SampledCodec[]> {
  const sampled: SampledCodec[] = [];
  for (const side of sides) {
    for (const quality of qualities) {
      const ofCodec = await network.sample({ format, side, quality }, samples);
      sampled.push(ofCodec);
      if (ofCodec.meanBytes > Math.max(...budgets)) break;
    }
  }
  return sampled;
}
