/** What the split models are: work, times, and right answers at every length of a frame. */

import { markdownTable, percent, thousands } from '../../../markdown.ts';
import { notRun } from '../../../paper/report/tables/cells.ts';
import type { LinkResults } from '../link-report-data.ts';

/** A row for each split point. */
export function modelsTable({ models }: LinkResults): string {
  if (models === undefined) return notRun;
  const rows = models.outcome.models.map(
    ({ split, deviceGmac, uncompressedAccuracy, fallbackAccuracy, lengths }, i) => {
      const { device, fallback, edge, wholeNetwork } = models.models[i]?.timesMs ?? {};
      const whole = lengths.at(-1);
      return [
        split,
        deviceGmac.toFixed(2),
        ...[device, fallback, edge, wholeNetwork].map((ms) => (ms === undefined ? '' : ms.toFixed(1))),
        percent(uncompressedAccuracy),
        whole ? `${percent(whole.accuracy)} (${thousands(whole.meanBytes)})` : '',
        percent(fallbackAccuracy),
      ];
    },
  );
  const head = ['split point', 'device, GMAC', 'device, ms', 'its own answer, ms', 'edge, ms', 'whole network, ms'];
  head.push('right, uncompressed', 'right, whole frame (mean bytes)', 'right, device alone');
  return markdownTable(head, rows);
}

/** Right answers and mean bytes with every number of chunks. */
export function lengthsTable({ models }: LinkResults): string {
  if (models === undefined) return notRun;
  const { models: all } = models.outcome;
  const most = Math.max(...all.map(({ lengths }) => lengths.length));
  const rows = Array.from({ length: most }, (_, i) => [
    String(i + 1),
    ...all.map(({ lengths }) => {
      const at = lengths[i];
      return at ? `${percent(at.accuracy)} (${thousands(at.meanBytes)})` : '';
    }),
  ]);
  return markdownTable(['chunks', ...all.map(({ split }) => `${split}, right (mean bytes)`)], rows);
}
