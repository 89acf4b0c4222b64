/** What each choice of AECNN is worth. */

import { markdownTable, percent, points, thousands } from '../../../markdown.ts';
import type { VariationName } from '../../aecnn/variations.ts';
import {
  ablationId,
  bestBottlenet,
  configurationId,
  differenceOf,
  type Measured,
  mainMeasure,
  mainSplit,
  measuredOf,
  type PaperResults,
  seeds,
  variationNames,
} from '../report-data.ts';
import { bytesText, differenceText, notRun, outdatedMark } from './cells.ts';

/** AECNN at conv4_x and one packet with one choice changed: all with the first seed, then what has several with all of them. */
export function ablationsTable(results: PaperResults): string {
  const several = variationNames.filter((name) =>
    seeds.some((seed) => seed > 0 && results.has(ablationId(name, seed))),
  );
  const head = [
    'changed',
    'seeds',
    'accuracy',
    'loses, points',
    'bytes, mean (largest)',
    'against AECNN, points (95 %)',
    'against BottleNet++ at its best, points (95 %)',
  ];
  const rows = [
    ...rowsOver(results, [0], variationNames),
    ...(several.length > 0 ? rowsOver(results, seeds, several) : []),
  ];
  return `${markdownTable(head, rows)}\n\n${rankedSentence(results)}`;
}

function rowsOver(results: PaperResults, among: readonly number[], names: readonly VariationName[]): string[][] {
  const main = measuredOf(results, mainId, mainMeasure, among);
  const bottlenet = bestBottlenet(results, mainSplit, 'packet');
  /** Empty where the other side lacks a seed of the row. */
  const against = (measured: Measured, other: Measured | undefined): string =>
    other && measured.seeds.every(({ seed }) => other.seeds.some((one) => one.seed === seed))
      ? differenceText(differenceOf(measured, other))
      : '';
  const row = (label: string, measured: Measured | undefined): string[] => {
    if (!measured) return [label, among.join(', '), notRun, '', '', '', ''];
    return [
      `${label}${outdatedMark(results, measured)}`,
      measured.seeds.map(({ seed }) => seed).join(', '),
      percent(measured.accuracy, 2),
      points(measured.loss),
      bytesText(measured.bytes),
      measured === main ? '' : against(measured, main),
      against(measured, bottlenet),
    ];
  };
  return [
    row('AECNN as it is', main),
    ...names.map((name) =>
      row(
        name.replaceAll('-', ' '),
        measuredOf(results, (seed) => ablationId(name, seed), mainMeasure, among),
      ),
    ),
  ];
}

const mainId = (seed: number): string => configurationId('aecnn', mainSplit, 'packet', seed);

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
