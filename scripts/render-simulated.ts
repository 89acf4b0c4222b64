/** Tables of `aecnn simulate`, one recorded run a link (`results/simulate-<link>.json`), and of `npm run bench:link`. */

import {
  type MethodResult,
  type Provenance,
  percent,
  markdownTable as table,
  thousands,
} from '../src/lab/experiments/index.ts';

/** A recorded run, as `scripts/record-result.ts` writes it. */
interface RecordedSimulation {
  readonly provenance: Provenance;
  readonly result: {
    readonly deadlineMs: number;
    readonly requests: number;
    readonly pictures: number;
    readonly timesMs: {
      readonly measured: { readonly measuredOn: string };
      readonly simulated: { readonly edge: number; readonly wholeOnEdge: number };
    };
    readonly methods: readonly MethodResult[];
  };
}

/** What `npm run bench:link` writes, as far as it is shown. */
interface BenchLink {
  readonly provenance: Provenance;
  readonly scenarios: readonly {
    readonly name: string;
    readonly link: string;
    readonly deadlineMs: number;
    readonly requests: number;
    readonly answeredInTime: number;
    readonly via: { readonly edge: number; readonly 'edge-prefix': number; readonly device: number };
    readonly totalMs: { readonly p50: number };
    readonly simulated?: { readonly totalMs: { readonly p50?: number } };
    readonly away?: { readonly awayMs: number; readonly edgeAgainAfterMs?: number };
    readonly shaper: string;
  }[];
}

/** Gives a file of `results/`; `undefined` when it is not there. */
export type ReadResult = <T>(name: string) => T | undefined;

const uplinks = [
  { name: 'att-lte-driving', label: 'AT&T LTE, driving' },
  { name: 'verizon-evdo-driving', label: 'Verizon EV-DO, driving' },
  { name: 'verizon-lte-short', label: 'Verizon LTE' },
];
const rates = ['20kbit', '40kbit', '80kbit', '250kbit', '1mbit'].map((name) => ({
  name,
  label: `${name.replace(/(\d+)k?m?bit/, '$1')} ${name.includes('mbit') ? 'Mbit/s' : 'kbit/s'}`,
}));

const shown = ['aecnn', 'aecnn-fixed', 'aecnn-fixed-no-fallback', 'jpeg', 'webp', 'jpeg-fallback', 'device', 'oracle'];

const methodOf = (run: RecordedSimulation | undefined, name: string): MethodResult | undefined =>
  run?.result.methods.find(({ method }) => method === name);

const share = (result: MethodResult | undefined): string => (result ? percent(result.accuracyInTime) : 'not run yet');

/** @throws {@link RangeError} when runs of one table rest on different measurements of device and edge. */
function requireOneMeasurement(runs: readonly (RecordedSimulation | undefined)[]): void {
  const moments = new Set(runs.flatMap((run) => run?.result.timesMs.measured.measuredOn ?? []));
  if (moments.size > 1) {
    throw new RangeError(
      `results/simulate-*.json rest on ${moments.size} measurements of the machine (${[...moments].join(', ')}): record them again`,
    );
  }
}

/** Right answers in time by link and method, pictures with an edge 8 times faster too. */
export function simulatedTable(read: ReadResult): string {
  const links = [
    ...uplinks,
    ...uplinks.map(({ name, label }) => ({ name: `${name}-edge8`, label: `${label}; edge 8 times faster` })),
    ...rates,
  ];
  const runs = links.map(({ name, label }) => ({
    label,
    run: read<RecordedSimulation>(`simulate-${name}`),
    adapted: read<RecordedSimulation>(`simulate-${name}-adapted`),
  }));
  const some = runs.find(({ run }) => run !== undefined)?.run;
  if (some === undefined) return 'Not run yet.';
  const rows = runs.map(({ label, run, adapted }) => [
    label,
    ...shown.map((name) => (name === 'aecnn' ? `**${share(methodOf(run, name))}**` : share(methodOf(run, name)))),
    adapted ? share(methodOf(adapted, 'webp')) : '',
  ]);
  const { requests, pictures, deadlineMs, timesMs } = some.result;
  requireOneMeasurement(runs.flatMap(({ run, adapted }) => [run, adapted]));
  return (
    `${table(['right and in time', ...shown, 'webp, tail adapted'], rows)}\n\n` +
    `${thousands(requests)} requests over ${thousands(pictures)} test pictures, ${deadlineMs} ms from when there is something ` +
    `to send, round trip 40 ms. The edge takes ${timesMs.simulated.edge.toFixed(0)} ms for a frame and ` +
    `${timesMs.simulated.wholeOnEdge.toFixed(0)} ms for a picture, or an eighth of that. From results/simulate-*.json, ` +
    `e.g. \`${some.provenance.command}\`, src tree ${some.provenance.sourceTree?.slice(0, 10)}.`
  );
}

/** Half the round trip of every recorded run, which an uplink time holds beside the transmission. */
const propagationMs = 20;

/** How early an answer is, against the JPEG that is answered as well. */
export function earlierTable(read: ReadResult): string {
  const ms = (value: number | undefined): string => (value === undefined ? 'none' : value.toFixed(0));
  const ratio = (a: number | undefined, b: number | undefined): string =>
    a === undefined || b === undefined ? '' : `${(a / b).toFixed(1)}x`;
  const rows = uplinks.flatMap(({ name, label }) =>
    [name, `${name}-edge8`].flatMap((file) => {
      const run = read<RecordedSimulation>(`simulate-${file}`);
      const [jpeg, frame] = [methodOf(run, 'jpeg-equal'), methodOf(run, 'aecnn-fixed-no-fallback')];
      if (jpeg === undefined || frame === undefined) return [];
      const [sendJpeg, sendFrame] = [jpeg, frame].map(({ uplinkMs }) => uplinkMs.p50 && uplinkMs.p50 - propagationMs);
      return [
        [
          file === name ? label : `${label}; edge 8 times faster`,
          `${jpeg.codec}, ${thousands(jpeg.frameBytes.mean)} bytes`,
          `${ms(sendJpeg)} / ${ms(sendFrame)}`,
          ratio(sendJpeg, sendFrame),
          `${ms(jpeg.latencyMs.p50)} / ${ms(frame.latencyMs.p50)}`,
          ratio(jpeg.latencyMs.p50, frame.latencyMs.p50),
        ],
      ];
    }),
  );
  if (rows.length === 0) return 'Not run yet.';
  const head = ['median, ms', 'JPEG of equal accuracy', 'transmission: JPEG / frame', ''];
  head.push('transmission, round trip and edge: JPEG / frame', '');
  return table(head, rows);
}

/** What was measured over shaped links. */
export function benchLinkTable(read: ReadResult): string {
  const bench = read<BenchLink>('bench-link');
  if (bench === undefined) return 'Not run yet.';
  const ms = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(0));
  const rows = bench.scenarios.map(({ name, link, requests, answeredInTime, via, totalMs, simulated, away }) => [
    `${name}: ${link}`,
    String(requests),
    percent(answeredInTime),
    [via.edge, via['edge-prefix'], via.device].map((part) => percent(part, 0)).join(' / '),
    ms(totalMs.p50),
    ms(simulated?.totalMs.p50),
    away ? `away ${ms(away.awayMs)} ms, again after ${ms(away.edgeAgainAfterMs)} ms` : '',
  ]);
  const head = ['link', 'requests', 'in time', 'edge / edge-prefix / device', 'p50, ms', 'simulated', ''];
  const [first] = bench.scenarios;
  const { command, machine } = bench.provenance;
  return (
    `${table(head, rows)}\n\nDeadline ${first?.deadlineMs} ms from the picture; real processes and sockets in two network ` +
    `namespaces, shaped by ${first?.shaper === 'netem' ? 'tc netem' : 'a process that holds packets back (this kernel has no netem)'}. From [results/bench-link.json](results/bench-link.json): \`${command}\`, ` +
    `${machine.cores} cores of ${machine.cpu}.`
  );
}
