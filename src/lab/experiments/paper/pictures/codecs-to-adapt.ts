/** Which codecs a tail may be adapted to, from the finished result of the picture codecs. */

import type { PaperResult } from '../paper-result.ts';
import { bestFilling } from './picture-choice.ts';
import { codecNamed, type PictureCodec, pictureFormats } from './picture-codecs.ts';

/** Formats that are tried at a budget. */
export const triedFormats = 2;

/**
 * Picks the codec of each format for a budget by {@link bestFilling}.
 *
 * @param pictures - Its `validation` has the accuracy of the unchanged network behind each codec that was answered, by name.
 * @param budgetBytes - Mean bytes of a picture.
 * @returns Those of the {@link triedFormats} formats that the unchanged network answers best, best first; at least one.
 * @throws RangeError when nothing fits into the budget.
 */
export function codecsToAdapt(
  { id, validation }: Pick<PaperResult, 'id' | 'validation'>,
  budgetBytes: number,
): readonly PictureCodec[] {
  const validated = validation.flatMap(({ name, accuracy, bytes }) =>
    bytes ? [{ codec: codecNamed(name), accuracy, bytes }] : [],
  );
  const ofFormats = pictureFormats.flatMap((format) => {
    const best = bestFilling(
      validated.filter(({ codec }) => codec.format === format),
      budgetBytes,
    );
    return best ? [best] : [];
  });
  if (ofFormats.length === 0) throw new RangeError(`no picture codec of ${id} fits into ${budgetBytes} bytes`);
  return ofFormats
    .sort((a, b) => b.accuracy - a.accuracy || a.bytes.mean - b.bytes.mean)
    .slice(0, triedFormats)
    .map(({ codec }) => codec);
}
