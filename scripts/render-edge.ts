/** Tables of the edge under load and of the page, from results/bench-edge.json and results/bench-page.json. */

import type { CompactDevice } from '../src/core/model/index.ts';
import { type Provenance, percent, markdownTable as table, thousands } from '../src/lab/experiments/index.ts';
import type { ReadResult } from './render-simulated.ts';

/** As `npm run bench:edge` writes it. */
interface BenchEdge {
  readonly provenance: Provenance;
  readonly onnxRuntimeAlone: readonly {
    readonly sessions: number;
    readonly batchSize: number;
    readonly framesPerSecond: number;
  }[];
  readonly throughput: readonly {
    readonly sessions: number;
    readonly connections: number;
    readonly framesPerSecond: number;
    readonly peerFramesPerSecond: number;
    readonly shareOfPeer: number;
    readonly queueMs: { readonly p50: number; readonly p99: number };
    readonly roundTripMs: { readonly p50: number };
    readonly longestLoopDelayMs: number;
  }[];
  readonly overload: readonly {
    readonly sessions: number;
    readonly seconds: number;
    readonly load: number;
    readonly deadlineMs: number;
    readonly sent: number;
    readonly answered: number;
    readonly acceptedAndLate: number;
    readonly refusalMs: { readonly p50: number; readonly p99: number };
    readonly residentBytes: { readonly early: number; readonly late: number };
    readonly normalAgainAfterMs: number;
  }[];
}

/** One kind of visit, medians in ms. */
interface Visit {
  readonly readyMs: number;
  readonly answerMs: number;
  readonly deviceMs: number;
}

/** As `npm run bench:page` writes it. */
interface BenchPage {
  readonly provenance: Provenance;
  readonly chromium: string;
  readonly bytes: {
    readonly script: number;
    readonly style: number;
    readonly webAssembly: number;
    /** By the precision of the weights. */
    readonly model: Readonly<Record<string, number>>;
  };
  readonly medianMs: Readonly<
    Record<'threads' | 'oneThread', { readonly first: Visit; readonly second: Visit; readonly n: number }>
  >;
}

const from = (name: string, { command, machine }: Provenance): string =>
  `From [results/${name}.json](results/${name}.json): \`${command}\`, ${machine.cores} cores of ${machine.cpu}.`;

const ms = (value: number): string => thousands(Math.round(value));

/** Frames a second, by sessions and connections. */
export function benchEdgeTable(read: ReadResult): string {
  const bench = read<BenchEdge>('bench-edge');
  if (bench === undefined) return 'Not run yet.';
  const rows = bench.throughput.map((measured) => [
    String(measured.sessions),
    String(measured.connections),
    measured.framesPerSecond.toFixed(1),
    measured.peerFramesPerSecond.toFixed(1),
    `**${measured.shareOfPeer.toFixed(2)}**`,
    ms(measured.roundTripMs.p50),
    `${ms(measured.queueMs.p50)} / ${ms(measured.queueMs.p99)}`,
    ms(measured.longestLoopDelayMs),
  ]);
  const best = bench.onnxRuntimeAlone.reduce((a, b) => (b.framesPerSecond > a.framesPerSecond ? b : a));
  const head = ['sessions', 'connections', 'frames a second', 'ONNX Runtime alone', 'share'];
  head.push('round trip p50, ms', 'queue p50 / p99, ms', 'event loop held up for at most, ms');
  const overload = bench.overload.map((one) => [
    String(one.sessions),
    thousands(one.sent),
    thousands(one.answered),
    String(one.acceptedAndLate),
    `${one.refusalMs.p50.toFixed(1)} / ${one.refusalMs.p99.toFixed(1)}`,
    `${Math.round(one.residentBytes.early / 1e6)} / ${Math.round(one.residentBytes.late / 1e6)}`,
    ms(one.normalAgainAfterMs),
  ]);
  const overloadHead = ['sessions', 'sent', 'answered', 'accepted and late', 'refusals p50 / p99, ms'];
  overloadHead.push('memory a quarter in / at the end, MB', 'normal again after, ms');
  const [first] = bench.overload;
  return (
    `${table(head, rows)}\n\nONNX Runtime alone is at its best with ${best.sessions} ${best.sessions === 1 ? 'session' : 'sessions'} and ` +
    `batches of ${best.batchSize}; it was measured right before and right after each line, with the same threads. ` +
    `${first?.load} times more frames than the edge can carry, for ${first?.seconds} s, each to be answered within ${first?.deadlineMs} ms:\n\n` +
    `${table(overloadHead, overload)}\n\n${from('bench-edge', bench.provenance)}`
  );
}

/** What the page weighs, and how long a visit takes. */
export function benchPageTable(read: ReadResult): string {
  const bench = read<BenchPage>('bench-page');
  if (bench === undefined) return 'Not run yet.';
  const { bytes, medianMs } = bench;
  const kb = (count: number): string => `${thousands(Math.round(count / 1000))} kB`;
  const rows = Object.entries(medianMs).flatMap(([name, { first, second }]) =>
    [['first visit', first] as const, ['second visit, model kept', second] as const].map(
      ([visit, { readyMs, answerMs, deviceMs }]) => [
        `${visit}, ${name === 'threads' ? 'threads' : 'one thread'}`,
        ms(readyMs),
        ms(answerMs),
        ms(deviceMs),
      ],
    ),
  );
  const models = Object.entries(bytes.model).sort(([, one], [, other]) => other - one);
  const head = ['from entering the address, ms', 'ready', 'first answer', 'of which the device computes the picture'];
  return (
    `Script ${kb(bytes.script)} and style ${kb(bytes.style)} (gzip), ONNX Runtime's WebAssembly ${kb(bytes.webAssembly)} (gzip), model ` +
    `${models.map(([precision, size]) => `${kb(size)} (${precision})`).join(' or ')}; the visits fetch ${models.at(-1)?.[0]}.\n\n${table(head, rows)}\n\nMedians of ${medianMs.threads.n} visits in Chromium ${bench.chromium}, on the machine of the ` +
    `edge: what the network takes comes on top. ${from('bench-page', bench.provenance)}`
  );
}

/** As `aecnn compact --json` prints it, recorded. */
interface RecordedCompact {
  readonly provenance: Provenance;
  readonly result: { readonly compactDevices: readonly CompactDevice[] };
}

/** Device graphs of fewer bytes, and what they lose. */
export function compactTable(read: ReadResult): string {
  const recorded = read<RecordedCompact>('compact-caltech101-conv4x');
  if (recorded === undefined) return 'Not run yet.';
  const rows = recorded.result.compactDevices.map(({ precision, bytes, accuracy, fullAccuracy, images }) => [
    precision,
    `${(bytes / 1e6).toFixed(1)} MB`,
    percent(accuracy, 2),
    percent(fullAccuracy, 2),
    thousands(images),
  ]);
  const head = ['weights', 'device graph', 'accuracy', 'with float32', 'test pictures'];
  return `${table(head, rows)}\n\n${from('compact-caltech101-conv4x', recorded.provenance)}`;
}
