/** Tables of `aecnn simulate`: one recorded run a link, `results/simulate-<link>.json`. */

import { type MethodResult, type Provenance, percent, markdownTable as table } from '../src/lab/experiments/index.ts';

/** A recorded run, as `scripts/record-result.ts` writes it. */
export interface RecordedSimulation {
  readonly provenance: Provenance;
  readonly seconds: number;
  readonly result: {
    readonly link: string;
    readonly deadlineMs: number;
    readonly requests: number;
    readonly pictures: number;
    readonly timesMs: { readonly simulated: { readonly edge: number; readonly wholeOnEdge: number } };
    readonly methods: readonly MethodResult[];
  };
}

/** The runs that are recorded, and what their links are called. */
const recordedLinks: readonly { readonly name: string; readonly label: string }[] = [
  { name: 'att-lte-driving', label: 'AT&T LTE, driving' },
  { name: 'verizon-evdo-driving', label: 'Verizon EV-DO, driving' },
  { name: 'verizon-lte-short', label: 'Verizon LTE' },
  { name: '20kbit', label: '20 kbit/s' },
  { name: '40kbit', label: '40 kbit/s' },
  { name: '80kbit', label: '80 kbit/s' },
  { name: '250kbit', label: '250 kbit/s' },
  { name: '1mbit', label: '1 Mbit/s' },
];

type ReadRun = (name: string) => RecordedSimulation | undefined;

/** Right answers in time, method by method. */
export function simulatedTable(readRun: ReadRun): string {
  const shown = [
    'aecnn',
    'aecnn-fixed',
    'aecnn-fixed-no-fallback',
    'jpeg',
    'webp',
    'jpeg-fallback',
    'device',
    'oracle',
  ];
  const runs = recordedLinks.map(({ name, label }) => ({ label, run: readRun(`simulate-${name}`) }));
  const some = runs.find(({ run }) => run !== undefined)?.run;
  if (some === undefined) return 'Not run yet.';
  const rows = runs.map(({ label, run }) => {
    if (run === undefined) return [label, ...shown.map(() => 'not run yet')];
    const of = (name: string): MethodResult | undefined => run.result.methods.find(({ method }) => method === name);
    const cell = (name: string): string => percent(of(name)?.accuracyInTime ?? Number.NaN);
    return [label, `**${cell('aecnn')}**`, ...shown.slice(1).map(cell)];
  });
  const { requests, pictures, deadlineMs } = some.result;
  return (
    `${table(['link', ...shown], rows)}\n\n` +
    `${requests.toLocaleString('en')} requests over ${pictures.toLocaleString('en')} test pictures, ${deadlineMs} ms from when ` +
    `there is something to send; the edge takes ${some.result.timesMs.simulated.edge.toFixed(0)} ms for a frame and ` +
    `${some.result.timesMs.simulated.wholeOnEdge.toFixed(0)} ms for a picture. Files: results/simulate-*.json, e.g. \`${some.provenance.command}\`.`
  );
}
