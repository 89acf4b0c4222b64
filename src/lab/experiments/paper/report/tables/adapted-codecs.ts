/** Which codecs tails were adapted to, and which were taken. */

import { markdownTable, percent, thousands } from '../../../markdown.ts';
import { adaptedBudgets, adaptedCodecId } from '../../grid.ts';
import { codecName, type PictureCodec } from '../../pictures/picture-codecs.ts';
import type { PaperResults } from '../report-data.ts';
import { notRun, outdatedIdMark } from './cells.ts';

/** Codecs that were tried at each budget, and those that were chosen. */
export function adaptedCodecsTable(results: PaperResults): string {
  const rows = adaptedBudgets.map((budgetBytes) => {
    const label = thousands(budgetBytes);
    const id = adaptedCodecId(budgetBytes);
    const result = results.get(id);
    if (!result) return [label, notRun, ''];
    const tried = result.validation.map(({ name, accuracy }) => `${name}: ${percent(accuracy)}`);
    return [`${label}${outdatedIdMark(results, id)}`, tried.join(', '), codecName(result.notes.chosen as PictureCodec)];
  });
  return markdownTable(['budget, bytes', 'tried: accuracy of the validation part', 'chosen'], rows);
}
