/** Which codec a tail is adapted to, from the finished result of the picture codecs: one for all seeds. */

import type { PaperResult } from '../paper-result.ts';
import { bestFilling } from './picture-choice.ts';
import { codecNamed, type PictureCodec } from './picture-codecs.ts';

/**
 * Picks the codec for a budget by {@link bestFilling}.
 *
 * @param pictures - Its `validation` has the accuracy of the unchanged network behind each codec that was tried, by name.
 * @param budgetBytes - Mean bytes of a picture.
 * @throws RangeError when nothing fits into the budget.
 */
export function adaptedCodec(
  { id, validation }: Pick<PaperResult, 'id' | 'validation'>,
  budgetBytes: number,
): PictureCodec {
  const validated = validation.flatMap(({ name, accuracy, bytes }) =>
    bytes ? [{ codec: codecNamed(name), accuracy, bytes }] : [],
  );
  const best = bestFilling(validated, budgetBytes);
  if (best === undefined) throw new RangeError(`no picture codec of ${id} fits into ${budgetBytes} bytes`);
  return best.codec;
}
