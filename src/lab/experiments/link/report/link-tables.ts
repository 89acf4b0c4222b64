/**
 * The tables and sentences of the link experiment as markdown, from its result files alone: no figure is typed in, and what
 * was not run is named.
 */

import { notRun } from '../../paper/report/tables/cells.ts';
import { targetTable } from '../../target.ts';
import type { LinkResults } from './link-report-data.ts';
import { linkTargets } from './link-targets.ts';
import { accuracySentences, accuracyTables } from './tables/accuracy.ts';
import { completionSentences, completionTable } from './tables/completion.ts';
import { heatMapSentences } from './tables/heat-map.ts';
import { lengthsTable, modelsTable } from './tables/models.ts';
import { commandsText, gridText, methodsTable, missingText, protocolTable } from './tables/protocol.ts';
import { shortTable, uplinkSplitsTable, uplinkTables } from './tables/uplinks.ts';

/** Sentences as a list. */
const bullets = (sentences: readonly string[]): string =>
  sentences.length === 0 ? notRun : sentences.map((sentence) => `- ${sentence}`).join('\n');

/** Every table by the name that it has in the documents. */
export const linkTables: Readonly<Record<string, (results: LinkResults) => string>> = {
  'link-short': shortTable,
  'link-commands': commandsText,
  'link-protocol': protocolTable,
  'link-grid': gridText,
  'link-methods': methodsTable,
  'link-targets': (results) => targetTable(linkTargets(results)),
  'link-models': modelsTable,
  'link-lengths': lengthsTable,
  'link-completion': completionTable,
  'link-completion-text': (results) => bullets(completionSentences(results)),
  'link-accuracy': accuracyTables,
  'link-accuracy-text': (results) => bullets(accuracySentences(results)),
  'link-heat-map-text': (results) => bullets(heatMapSentences(results)),
  'link-uplinks': uplinkTables,
  'link-uplink-splits': uplinkSplitsTable,
  'link-missing': missingText,
};
