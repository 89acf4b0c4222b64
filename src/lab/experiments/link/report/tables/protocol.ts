/** What the results rest on, how to repeat them, and what is missing. */

import { listed, markdownTable, thousands } from '../../../markdown.ts';
import { notRun } from '../../../paper/report/tables/cells.ts';
import { type LinkGrid, linkGrid } from '../../link-grid.ts';
import { type LinkResult, linkPartNames } from '../../link-result.ts';
import { linkMethodDescriptions, linkMethodNames } from '../../method-names.ts';
import { rateText } from '../faster-ranges.ts';
import { anyResult, type LinkResults, methodLabels } from '../link-report-data.ts';

/** Data, models, requests and machine that the result files name. */
export function protocolTable(results: LinkResults): string {
  const first = anyResult(results);
  if (first === undefined) return notRun;
  const all: readonly LinkResult[] = Object.values(results);
  const { data, trainImages, testImages } = first.settings.protocol;
  const grid: Partial<LinkGrid> = Object.assign({}, ...all.map(({ settings }) => settings.grid));
  const { requests, traceRequests, meanGapMs, roundTripMs, seed } = grid;
  const from = (text: (provenance: LinkResult['provenance']) => string): string =>
    listed([...new Set(all.map(({ provenance }) => text(provenance)))].sort());
  const optional = (name: string, value: number | undefined, unit = ''): string[][] =>
    value === undefined ? [] : [[name, `${thousands(value)}${unit}`]];
  return markdownTable(
    ['', ''],
    [
      ['pictures', data],
      ['pictures that the models are trained on', thousands(trainImages)],
      ['test pictures, in turn', thousands(testImages)],
      ['models', listed(first.models.map(({ split, modelId }) => `${split}: ${modelId}`))],
      [
        'times measured on, at a load average of',
        listed(
          first.models.map(
            ({ split, timesMs }) => `${split}: ${timesMs.measuredOn.slice(0, 10)}, ${timesMs.loadAverage.toFixed(1)}`,
          ),
        ),
      ],
      ...optional('requests on each fixed link', requests),
      ...optional('requests on each recorded uplink', traceRequests),
      ...optional('mean gap between requests, unless said otherwise', meanGapMs, ' ms'),
      ...optional('round trip', roundTripMs, ' ms'),
      ...optional('seed', seed),
      ['seconds of simulation, all parts', thousands(all.reduce((sum, { seconds }) => sum + seconds, 0))],
      // Which parts a command was given is no part of the protocol.
      ['commands', from(({ command }) => `\`${command.replace(/ --only \S+/, '')}\``)],
      ['src tree', from(({ sourceTree = 'unknown' }) => treeText(sourceTree))],
      ['machine', from(({ machine }) => `${machine.cores} cores of ${machine.cpu}`)],
      ['versions', from(({ versions }) => `Node ${versions.node}, onnxruntime-node ${versions['onnxruntime-node']}`)],
    ],
  );
}

const treeText = (tree: string): string => `${tree.slice(0, 10)}${tree.includes('+') ? ' with changes' : ''}`;

/** The commands that repeat the results. */
export function commandsText(): string {
  const whole = 'npx aecnn experiment link --data 101_ObjectCategories --traces uplinks --out results/link';
  return [
    '```sh',
    '# everything; goes on where it was. uplinks/ holds recorded uplinks, *.up',
    whole,
    '# some parts',
    `${whole} --only completion,heat-map`,
    '# which parts there are, and which have been run',
    `${whole} --dry-run`,
    '```',
  ].join('\n');
}

/** What is on the axes, in words. */
export function gridText(): string {
  const { ratesBitsPerSecond, machines, heatDeadlinesMs } = linkGrid;
  const [low = 0, high = 0] = [ratesBitsPerSecond[0], ratesBitsPerSecond.at(-1)];
  return (
    `${ratesBitsPerSecond.length} rates from ${rateText(low)} to ${rateText(high)}, ${machines.length} pairs of machines, ` +
    `deadlines of ${listed(heatDeadlinesMs.map(thousands))} ms in the heat map.`
  );
}

/** What each method does. */
export const methodsTable = (): string =>
  markdownTable(
    ['method', ''],
    linkMethodNames.map((name) => [methodLabels[name], linkMethodDescriptions[name]]),
  );

/** Which parts have no result file. */
export function missingText(results: LinkResults): string {
  const missing = linkPartNames.filter((name) => results[name] === undefined);
  if (missing.length === 0) return `All ${linkPartNames.length} parts were run.`;
  if (missing.length === linkPartNames.length) return `None of the ${linkPartNames.length} parts has been run yet.`;
  return `Not run yet: ${listed(missing.map((name) => `\`${name}\``))}.`;
}
