/** Which learning rates were tried, and which were taken. */

import { markdownTable, percent } from '../../../markdown.ts';
import { paperGrid, type TunedMethod } from '../../grid.ts';
import { type PaperResults, sizeText } from '../report-data.ts';
import { notRun, outdatedIdMark } from './cells.ts';

/** What learning rates are chosen for, in words. */
export const tunedNames: { readonly [Method in TunedMethod]: string } = {
  aecnn: 'AECNN',
  'random-start': 'AECNN, random start',
  'end-to-end': 'AECNN, end to end',
  bottlenet: 'BottleNet++',
  'bottlenet-distilled': 'BottleNet++, distilled',
  'aecnn-fine-tune': 'AECNN, tail fine-tuned',
  'bottlenet-fine-tune': 'BottleNet++, all trained',
  'adapted-pictures': 'pictures, tail adapted',
};

/** Learning rates that were tried, and those that were chosen. */
export function learningRatesTable(results: PaperResults): string {
  const rows = paperGrid().flatMap((configuration) => {
    if (configuration.method !== 'learning-rates') return [];
    const { id, of, split, size } = configuration;
    const label = `${tunedNames[of]}, ${split}, ${sizeText(size)}`;
    const result = results.get(id);
    if (!result) return [[label, notRun, '']];
    const tried = result.validation.map(({ name, accuracy }) => `${name}: ${percent(accuracy)}`);
    return [[`${label}${outdatedIdMark(results, id)}`, tried.join(', '), String(result.notes.chosen ?? '')]];
  });
  return markdownTable(['', 'tried: accuracy of the validation part', 'chosen'], rows);
}
