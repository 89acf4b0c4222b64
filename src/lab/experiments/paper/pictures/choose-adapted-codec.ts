/**
 * Chooses the codec that a tail is adapted to at one budget, among tails that were adapted to several with all their epochs:
 * one that knows such pictures may like more pixels of a coarser quality than the unchanged network does, or may not.
 */

import type { PaperContext } from '../paper-context.ts';
import type { PaperResult } from '../paper-result.ts';
import { adaptedEpochs, openCodecTail } from './codec-tail.ts';
import { openPictureNetwork, type PictureNetwork } from './picture-answers.ts';
import { defaultPictureGrid, highestQualityWithin, type PictureGrid } from './picture-choice.ts';
import { codecName, type PictureCodec } from './picture-codecs.ts';

/** Sides that are tried beyond that of the codec that the unchanged network answers best, in its format. */
export const largerSides = 2;

/** One choice. */
export interface AdaptedCodecOptions {
  /** Mean bytes of a picture at most, on the validation part. */
  readonly budgetBytes: number;
  /** Codecs to begin with, the one that the unchanged network answers best first. */
  readonly codecs: readonly PictureCodec[];
  readonly seed: number;
  readonly learningRate: number;
}

/** A codec and the validation accuracy of the tail that was adapted to it. */
interface TriedCodec {
  readonly codec: PictureCodec;
  readonly accuracy: number;
  readonly meanBytes: number;
  readonly seconds: number;
}

/** Tries codecs; never reads the test part. A run that was broken off goes on where it was. */
export async function chooseAdaptedCodec(
  context: PaperContext,
  options: AdaptedCodecOptions,
  grid: Pick<PictureGrid, 'sides' | 'sampledPictures' | 'validationPictures'> = defaultPictureGrid,
): Promise<Omit<PaperResult, 'id' | 'provenance'>> {
  const { budgetBytes, codecs, seed, learningRate } = options;
  await using network = await openPictureNetwork(context, seed, grid);
  const epochs = adaptedEpochs(context.protocol);
  const tried: TriedCodec[] = [];
  for (const codec of [...codecs, ...(await withMorePixels(network, options, grid.sides))]) {
    const meanBytes = await network.meanBytes(codec);
    await using tail = await openCodecTail(context, codec, seed);
    const { accuracy, seconds } = await tail.train(learningRate, epochs);
    tried.push({ codec, accuracy, meanBytes, seconds });
  }
  return {
    method: 'adapted-codec',
    seed,
    settings: { budgetBytes, codecs, largerSides, learningRate, epochs },
    steps: tried.map(({ codec, seconds }) => ({ name: codecName(codec), seconds })),
    trainingSeconds: tried.reduce((sum, { seconds }) => sum + seconds, 0),
    history: [],
    validation: tried.map(({ codec, accuracy }) => ({ name: codecName(codec), accuracy })),
    test: [],
    notes: { chosen: bestAdapted(tried).codec, tried },
  };
}

/** The codec of the highest accuracy; of equals the one with fewer bytes. */
export function bestAdapted<T extends Pick<TriedCodec, 'accuracy' | 'meanBytes'>>(tried: readonly T[]): T {
  const [best] = tried.toSorted((a, b) => b.accuracy - a.accuracy || a.meanBytes - b.meanBytes);
  if (best === undefined) throw new RangeError('no codec was tried: give at least one');
  return best;
}

/** The next larger sides in the format of the first codec, each at the highest quality that fits. */
async function withMorePixels(
  network: PictureNetwork,
  { budgetBytes, codecs: [first] }: AdaptedCodecOptions,
  sides: readonly number[],
): Promise<PictureCodec[]> {
  if (first === undefined) return [];
  const { format } = first;
  const larger = sides.filter((side) => side > first.side).sort((a, b) => a - b);
  const found: PictureCodec[] = [];
  for (const side of larger.slice(0, largerSides)) {
    const meanBytesAt = (quality: number) => network.meanBytes({ format, side, quality });
    const quality = await highestQualityWithin(budgetBytes, meanBytesAt);
    if (quality !== undefined) found.push({ format, side, quality });
  }
  return found;
}
