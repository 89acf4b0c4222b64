/** What has not been run. */

import { expectedIds, type PaperResults } from '../report-data.ts';

/** Which configurations have no result file. */
export function missingText(results: PaperResults): string {
  const missing = expectedIds.filter((id) => !results.has(id));
  if (missing.length === 0) return `All ${expectedIds.length} configurations were run.`;
  if (missing.length === expectedIds.length)
    return `None of the ${expectedIds.length} configurations has been run yet.`;
  const lines = missing.map((id) => `- \`${id}\``).join('\n');
  return `${missing.length} of ${expectedIds.length} configurations have not been run:\n\n${lines}`;
}
