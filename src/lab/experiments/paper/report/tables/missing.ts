/** What has not been run, and what is to be run again. */

import { expectedIds, outdatedIds, type PaperResults } from '../report-data.ts';

/** Which configurations have no result file, or one that a run of today would replace. */
export function missingText(results: PaperResults): string {
  const missing = expectedIds.filter((id) => !results.has(id));
  if (missing.length === expectedIds.length)
    return `None of the ${expectedIds.length} configurations has been run yet.`;
  const outdated = outdatedIds(results);
  const parts = [
    ...(missing.length === 0
      ? [`All ${expectedIds.length} configurations were run.`]
      : [`${missing.length} of ${expectedIds.length} configurations have not been run:`, listOf(missing)]),
    ...(outdated.length === 0
      ? []
      : [
          `${outdated.length} have a result of an older training, of other trials, or at another learning rate or codec than ` +
            'the one that has been chosen since, and are to be run again:',
          listOf(outdated),
        ]),
  ];
  return parts.join('\n\n');
}

const listOf = (ids: readonly string[]): string => ids.map((id) => `- \`${id}\``).join('\n');
