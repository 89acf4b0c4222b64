/** Which feature channels the attention opens, and which of them are sent on. */

import { type SplitPoint, splitPoints } from '../../../../../core/model/index.ts';
import { thousands } from '../../../markdown.ts';
import { configurationId, frameSizes, type PaperResults } from '../report-data.ts';
import { colours, emptyPlot, padding, title, toSvg } from './plot-style.ts';

/** Mean gate of every feature channel, sorted, and which of them are sent on, by split point. */
export async function attentionChoice(results: PaperResults): Promise<string> {
  const text = 'What the attention chose';
  const shown = splitPoints.flatMap((split) => gatesOf(results, split) ?? []);
  if (shown.length === 0) return emptyPlot(text);
  const kinds = ['selected', 'left out'] as const;
  const isWhole = shown.some(({ values }) => values.every(({ kind }) => kind === 'selected'));
  const whole = isWhole ? '; where every channel is selected, the gates only weigh' : '';
  return toSvg({
    padding,
    title: title(text, `mean gate of every feature channel over the training part, largest first${whole}`),
    data: { values: shown.flatMap(({ values }) => values) },
    facet: {
      column: {
        field: 'split',
        title: null,
        sort: shown.map(({ split }) => split),
        header: { labelColor: '#222222', labelFontSize: 12 },
      },
    },
    resolve: { scale: { x: 'independent' } },
    spec: {
      width: 175,
      height: 220,
      mark: { type: 'area', line: false, opacity: 0.9 },
      encoding: {
        x: {
          field: 'rank',
          type: 'quantitative',
          title: 'feature channel, sorted',
          scale: { nice: false },
          // Without a canvas Vega takes labels for wider than they are, and drops every second one.
          axis: { tickCount: 4, grid: false, labelOverlap: false },
        },
        y: { field: 'gate', type: 'quantitative', title: 'mean gate', scale: { domain: [0, 1] }, stack: null },
        color: {
          field: 'kind',
          type: 'nominal',
          scale: { domain: [...kinds], range: [colours.green, '#BBBBBB'] },
          legend: { orient: 'top', title: null },
        },
      },
    },
  });
}

interface Gate {
  readonly split: string;
  readonly rank: number;
  readonly gate: number;
  readonly kind: string;
}

/** Gates of a split point, largest first; nothing when it has none. */
function gatesOf(results: PaperResults, split: SplitPoint): { split: string; values: readonly Gate[] } | undefined {
  const result = frameSizes.map((size) => results.get(configurationId('aecnn', split, size, 0))).find((one) => one);
  const { meanGates, selectedChannels } = result?.notes ?? {};
  if (!Array.isArray(meanGates) || meanGates.length === 0 || !Array.isArray(selectedChannels)) return undefined;
  const selected = new Set(selectedChannels as number[]);
  const all = thousands(meanGates.length);
  const name = `${split}: ${selected.size === meanGates.length ? `all ${all}` : `${thousands(selected.size)} of ${all}`} selected`;
  const sorted = (meanGates as number[])
    .map((gate, channel) => ({ gate, kind: selected.has(channel) ? 'selected' : 'left out' }))
    .sort((a, b) => b.gate - a.gate);
  return {
    split: name,
    values: sorted.map(({ gate, kind }, i) => ({ split: name, rank: i + 1, gate: round(gate), kind })),
  };
}

/** Four digits: what a plot shows, and the same text on every machine. */
const round = (value: number): number => Math.round(1e4 * value) / 1e4;
