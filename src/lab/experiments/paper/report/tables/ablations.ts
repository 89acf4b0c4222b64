/** What each choice of AECNN is worth. */

import { markdownTable, percent, points, thousands } from '../../../markdown.ts';
import type { PaperResult } from '../../paper-result.ts';
import {
  ablationId,
  configurationId,
  differenceOf,
  mainMeasure,
  mainSplit,
  measuredOf,
  type PaperResults,
  variationNames,
} from '../report-data.ts';
import { bytesText, differenceText, notRun } from './cells.ts';

/** AECNN at conv4_x and one packet with one choice changed. */
export function ablationsTable(results: PaperResults): string {
  const main = measuredOf(results, (seed) => configurationId('aecnn', mainSplit, 'packet', seed), mainMeasure, [0]);
  const secondsOf = (id: string): string => thousands(frozenTailSeconds(results.get(id)?.steps ?? []));
  const variationRows = variationNames.map((name) => {
    const measured = measuredOf(results, () => ablationId(name), mainMeasure, [0]);
    if (!measured) return [name.replaceAll('-', ' '), notRun, '', '', '', ''];
    return [
      name.replaceAll('-', ' '),
      percent(measured.accuracy, 2),
      points(measured.loss),
      bytesText(measured.bytes),
      main ? differenceText(differenceOf(measured, main)) : '',
      secondsOf(ablationId(name)),
    ];
  });
  const mainRow = main
    ? [
        'AECNN as it is',
        percent(main.accuracy, 2),
        points(main.loss),
        bytesText(main.bytes),
        '',
        secondsOf(configurationId('aecnn', mainSplit, 'packet', 0)),
      ]
    : ['AECNN as it is', notRun, '', '', '', ''];
  const head = [
    'changed',
    'accuracy',
    'loses, points',
    'bytes, mean (largest)',
    'against AECNN, points (95 %)',
    'seconds',
  ];
  return `${markdownTable(head, [mainRow, ...variationRows])}\n\n${rankedSentence(results)}`;
}

/** Seconds of the steps in front of a frozen tail: ablations have no others. */
const frozenTailSeconds = (steps: PaperResult['steps']): number => {
  const last = steps.findIndex(({ name }) => name === 'fine-tune');
  return steps.slice(0, last < 0 ? steps.length : last).reduce((sum, { seconds }) => sum + seconds, 0);
};

/** How many feature channels the rankings select. */
function rankedSentence(results: PaperResults): string {
  const selected = variationNames
    .filter((name) => name.startsWith('ranked-'))
    .map((name) => results.get(ablationId(name))?.notes.selectedChannels)
    .find(Array.isArray);
  return selected
    ? `The rankings keep the first ${thousands(selected.length)} feature channels.`
    : 'The number of feature channels that the rankings keep is not known before they are run.';
}
