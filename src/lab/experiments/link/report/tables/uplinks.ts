/** All methods over recorded uplinks. */

import { markdownTable, percent, thousands } from '../../../markdown.ts';
import { notRun } from '../../../paper/report/tables/cells.ts';
import type { UplinkOutcome } from '../../link-result.ts';
import { type LinkMethodName, linkMethodNames } from '../../method-names.ts';
import type { MethodResult } from '../../simulation/outcome.ts';
import { type LinkResults, mainSplitOf, methodLabels, splitsOf, uplinkMethod } from '../link-report-data.ts';

/** A table for each uplink and edge: every method at the split point that stands for all. */
export function uplinkTables(results: LinkResults): string {
  const main = mainSplitOf(results);
  const tables = results.traces?.outcome.uplinks.map((uplink) => {
    const rows = linkMethodNames.flatMap((name) => {
      const method = uplinkMethod(uplink, name, main);
      return method ? [methodRow(name, method)] : [];
    });
    const head = ['', 'right in time', 'answered in time', 'p50, ms', 'p95, ms', 'uplink p50, ms', 'mean bytes'];
    head.push('by the edge', 'from a part of the frame', 'by the device', 'sent as');
    return `**${uplinkText(uplink)}**\n\n${markdownTable(head, rows)}`;
  });
  return tables?.join('\n\n') ?? notRun;
}

function methodRow(name: LinkMethodName, method: MethodResult): string[] {
  const { accuracyInTime, answeredInTime, latencyMs, uplinkMs, frameBytes, via, codec } = method;
  const ms = (value: number | undefined): string => (value === undefined ? '' : thousands(value));
  return [
    methodLabels[name],
    percent(accuracyInTime),
    percent(answeredInTime),
    ms(latencyMs.p50),
    ms(latencyMs.p95),
    ms(uplinkMs.p50),
    thousands(frameBytes.mean),
    percent(via.edge),
    percent(via['edge-prefix']),
    percent(via.device),
    codec ?? '',
  ];
}

/** Right in time at every split point, beside what the device alone answers rightly. */
export function uplinkSplitsTable(results: LinkResults): string {
  const uplinks = results.traces?.outcome.uplinks;
  if (uplinks === undefined) return notRun;
  const splits = splitsOf(results);
  const rows = uplinks.map((uplink) => [
    uplinkText(uplink),
    ...splits.map((split) => `${share(uplink, 'aecnn', split)} (${share(uplink, 'device', split)})`),
  ]);
  return markdownTable(['right in time: AECNN (device alone)', ...splits], rows);
}

/** Methods of the README's table. */
const shortMethods = ['aecnn', 'aecnn-fixed', 'jpeg', 'webp', 'jpeg-fallback', 'device', 'oracle'] as const;

/** Right in time over each uplink, for the README. */
export function shortTable(results: LinkResults): string {
  const uplinks = results.traces?.outcome.uplinks;
  if (uplinks === undefined) return notRun;
  const main = mainSplitOf(results);
  const rows = uplinks.map((uplink) => [
    uplinkText(uplink),
    ...shortMethods.map((method) => {
      const text = share(uplink, method, main);
      return method === 'aecnn' ? `**${text}**` : text;
    }),
  ]);
  return markdownTable(['right in time', ...shortMethods.map((method) => methodLabels[method])], rows);
}

function share(uplink: UplinkOutcome, method: LinkMethodName, split: Parameters<typeof uplinkMethod>[2]): string {
  const found = uplinkMethod(uplink, method, split);
  return found ? percent(found.accuracyInTime) : '';
}

const uplinkText = ({ name, edgeSpeedup }: UplinkOutcome): string =>
  edgeSpeedup === 1 ? name : `${name}, edge ${edgeSpeedup} times faster`;
