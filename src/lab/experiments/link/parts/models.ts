/** Part `models`: what the split models are, how long they take on this machine, and what they answer at every length. */

import type { PictureAnswers } from '../answers/prefix-answers.ts';
import type { ModelOutcome } from '../link-result.ts';
import type { LinkPart, LinkTable } from './part.ts';

/** The part; it simulates nothing. */
export const modelsPart: LinkPart<'models'> = {
  reads: [],
  run: async ({ tables }) => ({ models: tables.map(modelOutcome) }),
};

function modelOutcome({ split, deviceGmac, pictures }: LinkTable): ModelOutcome {
  const most = Math.max(...pictures.map(({ chunkBytes }) => chunkBytes.length));
  return {
    split,
    deviceGmac,
    uncompressedAccuracy: shareRight(pictures, ({ uncompressed }) => uncompressed),
    fallbackAccuracy: shareRight(pictures, ({ device }) => device),
    lengths: Array.from({ length: most }, (_, i) => ({
      meanBytes: meanBytesOf(pictures, i + 1),
      accuracy: shareRight(pictures, (picture) => answerTo(picture, i + 1)),
    })),
  };
}

/** Mean bytes of frames of at most so many chunks. */
export const meanBytesOf = (pictures: readonly PictureAnswers[], chunks = Number.POSITIVE_INFINITY): number =>
  pictures.reduce((sum, { chunkBytes }) => sum + (chunkBytes[Math.min(chunks, chunkBytes.length) - 1] ?? 0), 0) /
  pictures.length;

/** The edge's answer to a frame of at most so many chunks; the device's own where there is no frame. */
export const answerTo = (
  { edge, device }: PictureAnswers,
  chunks = Number.POSITIVE_INFINITY,
): PictureAnswers['device'] => edge[Math.min(chunks, edge.length) - 1] ?? device;

/** Share of pictures that an answer is right for. */
export const shareRight = (
  pictures: readonly PictureAnswers[],
  answer: (picture: PictureAnswers) => PictureAnswers['device'],
): number => pictures.filter((picture) => answer(picture).label === picture.label).length / pictures.length;
