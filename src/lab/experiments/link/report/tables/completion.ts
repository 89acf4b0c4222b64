/** At which rates offloading pays, by split point and machines. */

import { listed, markdownTable, percent, thousands } from '../../../markdown.ts';
import { notRun } from '../../../paper/report/tables/cells.ts';
import type { CompletionWay } from '../../link-result.ts';
import type { MachineScale } from '../../machine-times.ts';
import { rangesText } from '../faster-ranges.ts';
import { favourable, isSameMachine } from '../favourable.ts';
import { completionLine, type LinkResults, machinesOf, machineText } from '../link-report-data.ts';

/** Rates at which AECNN is done before each rival. */
export function completionTable(results: LinkResults): string {
  if (results.completion === undefined) return notRun;
  const rows = favourable(results).map((one) => [
    machineText(one),
    one.split,
    rangesText(one.beforeEqualJpeg),
    rangesText(one.beforeUsualJpeg),
    rangesText(one.beforeWholeDevice),
    `**${rangesText(one.first)}**`,
  ]);
  const [machine] = machinesOf(results);
  const head = ['machines', 'split point'];
  head.push(
    `before ${pictureText(results, machine, 'jpeg-equal')}`,
    `before ${pictureText(results, machine, 'jpeg-75')}`,
  );
  head.push('before the whole network on the device', 'before the first and the last of these');
  return markdownTable(head, rows);
}

/** `the JPEG of equal accuracy (jpeg 224px q50: 5,100 bytes, 94.1 % right)`. */
function pictureText(results: LinkResults, machine: MachineScale | undefined, way: CompletionWay): string {
  const line = machine && completionLine(results, machine, way);
  const name = way === 'jpeg-equal' ? 'the JPEG of equal accuracy' : 'the JPEG of quality 75';
  return line ? `${name} (${line.codec}: ${thousands(line.meanBytes)} bytes, ${percent(line.accuracy)} right)` : name;
}

/** A sentence for each pair of machines. */
export function completionSentences(results: LinkResults): string[] {
  return machinesOf(results).map((machine) => {
    const here = favourable(results).filter((one) => isSameMachine(one, machine));
    const pays = here.filter(({ first }) => first.length > 0);
    const never = here.filter(({ first }) => first.length === 0).map(({ split }) => split);
    const whole = completionLine(results, machine, 'whole-device')?.p50Ms[0] ?? 0;
    const device = `the whole network takes the device ${thousands(whole)} ms`;
    if (pays.length === 0) return `**${machineText(machine)}**: nowhere; ${device}.`;
    const where = listed(pays.map(({ split, first }) => `at ${split} (${rangesText(first)})`));
    return `**${machineText(machine)}**: ${where}${never.length > 0 ? `; never at ${listed(never)}` : ''}; ${device}.`;
  });
}
