/**
 * The tables of the paper's experiment as markdown, from its result files alone: no figure is typed in, and what was not
 * run is named.
 */

import type { PaperResults } from './report-data.ts';
import { ablationsTable } from './tables/ablations.ts';
import { adaptedCodecsTable } from './tables/adapted-codecs.ts';
import { bottlenetTable } from './tables/bottlenet.ts';
import { convergenceTable } from './tables/convergence.ts';
import { cutsText } from './tables/cuts.ts';
import { entropyCodingTable } from './tables/entropy-coding.ts';
import { headlineTable, shortTable } from './tables/headline.ts';
import { learningRatesTable } from './tables/learning-rates.ts';
import { missingText } from './tables/missing.ts';
import { picturesTable } from './tables/pictures.ts';
import { commandsText, protocolTable } from './tables/protocol.ts';
import { rawBitsTable } from './tables/raw-bits.ts';
import { seedsTable } from './tables/seeds.ts';
import { targetsTable } from './tables/targets.ts';

/** Every table by the name that it has in the documents. */
export const paperTables: Readonly<Record<string, (results: PaperResults) => string>> = {
  'paper-short': shortTable,
  'paper-commands': commandsText,
  'paper-protocol': protocolTable,
  'paper-targets': targetsTable,
  'paper-headline': headlineTable,
  'paper-entropy-coding': entropyCodingTable,
  'paper-raw-bits': rawBitsTable,
  'paper-pictures': picturesTable,
  'paper-adapted-codecs': adaptedCodecsTable,
  'paper-ablations': ablationsTable,
  'paper-convergence': convergenceTable,
  'paper-seeds': seedsTable,
  'paper-learning-rates': learningRatesTable,
  'paper-bottlenet': bottlenetTable,
  'paper-cuts': cutsText,
  'paper-missing': missingText,
};
