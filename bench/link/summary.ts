/** What the answers of a series come to. */

import { quantile } from 'simple-statistics';
import type { Away } from './network.ts';
import type { SeriesAnswer, SeriesVia, SomeAnswer } from './series-answer.ts';

/** Shares of all requests, 0 to 1. */
export type ViaShares = Readonly<Record<SeriesVia, number>>;

/** Median and 95th percentile; absent without any value. */
export interface Percentiles {
  readonly p50?: number;
  readonly p95?: number;
}

/** A series in numbers. */
export interface SeriesSummary {
  readonly requests: number;
  readonly answeredInTime: number;
  /** Share of all requests that were answered in time and rightly. */
  readonly accuracyInTime: number;
  readonly via: ViaShares;
  /** Of all answers; its parts `deviceMs`, `linkMs` and `edgeMs` of the edge's answers alone. */
  readonly totalMs: Percentiles;
  readonly deviceMs: Percentiles;
  readonly linkMs: Percentiles;
  readonly edgeMs: Percentiles;
  readonly frameBytes: { readonly mean: number };
}

/** How a series went while the link or the edge was away, and afterwards. */
export interface AwaySummary {
  readonly awayMs: number;
  /** Requests that were asked and answered while it was away. */
  readonly whileAway: Pick<SeriesSummary, 'requests' | 'answeredInTime' | 'via'>;
  /** From its return to the next request: sooner than that, nobody can have noticed. */
  readonly askedAgainAfterMs?: number;
  /** From its return to the edge's next answer; absent when there was none. */
  readonly edgeAgainAfterMs?: number;
}

/** Sums up a series. */
export function summarizeSeries(answers: readonly SeriesAnswer[]): SeriesSummary {
  const some = answers.filter(isSome);
  const ofEdge = some.filter(isOfEdge);
  const times = (from: readonly SomeAnswer[], part: keyof SomeAnswer['timeMs']): Percentiles =>
    percentiles(from.map(({ timeMs }) => timeMs[part]));
  return {
    requests: answers.length,
    answeredInTime: share(answers, isInTime),
    accuracyInTime: share(answers, (answer) => isInTime(answer) && isSome(answer) && answer.isRight),
    via: viaShares(answers),
    totalMs: times(some, 'total'),
    deviceMs: times(ofEdge, 'device'),
    linkMs: times(ofEdge, 'link'),
    edgeMs: times(ofEdge, 'edge'),
    frameBytes: { mean: some.reduce((sum, { frameBytes }) => sum + frameBytes, 0) / Math.max(1, some.length) },
  };
}

/** Sums up what an absence did to a series. */
export function summarizeAway(answers: readonly SeriesAnswer[], { fromMs, untilMs }: Away): AwaySummary {
  const whileAway = answers.filter(
    (answer) => answer.atMs >= fromMs && (answeredAtMs(answer) ?? answer.atMs) <= untilMs,
  );
  const after = (moments: readonly number[]): number[] => moments.map((ms) => ms - untilMs).filter((ms) => ms >= 0);
  const askedAgain = after(answers.map(({ atMs }) => atMs));
  const edgeAgain = after(
    answers.flatMap((answer) => (isSome(answer) && isOfEdge(answer) ? answer.atMs + answer.timeMs.total : [])),
  );
  return {
    awayMs: untilMs - fromMs,
    whileAway: {
      requests: whileAway.length,
      answeredInTime: share(whileAway, isInTime),
      via: viaShares(whileAway),
    },
    ...(askedAgain.length > 0 && { askedAgainAfterMs: Math.min(...askedAgain) }),
    ...(edgeAgain.length > 0 && { edgeAgainAfterMs: Math.min(...edgeAgain) }),
  };
}

const isSome = (answer: SeriesAnswer): answer is SomeAnswer => answer.via !== 'refused' && answer.via !== 'none';
const isOfEdge = ({ via }: SomeAnswer): boolean => via === 'edge' || via === 'edge-prefix';
const isInTime = (answer: SeriesAnswer): boolean => isSome(answer) && answer.inTime;
const answeredAtMs = (answer: SeriesAnswer): number | undefined =>
  isSome(answer) ? answer.atMs + answer.timeMs.total : undefined;

function share(answers: readonly SeriesAnswer[], holds: (answer: SeriesAnswer) => boolean): number {
  return answers.length === 0 ? 0 : answers.filter(holds).length / answers.length;
}

function viaShares(answers: readonly SeriesAnswer[]): ViaShares {
  const of = (via: SeriesVia): number => share(answers, (answer) => answer.via === via);
  return {
    edge: of('edge'),
    'edge-prefix': of('edge-prefix'),
    device: of('device'),
    refused: of('refused'),
    none: of('none'),
  };
}

function percentiles(values: readonly number[]): Percentiles {
  if (values.length === 0) return {};
  const [p50 = 0, p95 = 0] = quantile([...values], [0.5, 0.95]);
  return { p50, p95 };
}
