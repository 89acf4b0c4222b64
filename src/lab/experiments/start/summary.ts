/** The numbers of a table from the answers to single pictures: pure. */

import { mean, quantile } from 'simple-statistics';
import type { MethodAnswer } from './methods.ts';

/** Deadlines in milliseconds that the table has a column for. */
export const deadlinesMs = [100, 200, 500] as const;

/** One answer, marked. */
export interface MarkedAnswer extends MethodAnswer {
  readonly right: boolean;
  /** Bytes that came out of the link at the edge, envelope and WebSocket header included. */
  readonly linkBytes: number;
}

/** What one method did on all of its pictures. */
export interface MethodSummary {
  /** Pictures. */
  readonly n: number;
  readonly right: number;
  /** `right / n`. */
  readonly accuracy: number;
  readonly sentBytes: { readonly mean: number; readonly max: number };
  /** Interpolated linearly between order statistics. */
  readonly latencyMs: { readonly p50: number; readonly p95: number };
  /** Means; they sum to the mean of the total. */
  readonly partsMs: { readonly device: number; readonly link: number; readonly edge: number };
  /** Share of pictures answered within each deadline, right or wrong, by milliseconds. */
  readonly answeredWithin: Readonly<Record<string, number>>;
  /** Share of pictures answered right within each deadline. */
  readonly rightWithin: Readonly<Record<string, number>>;
}

/**
 * Summarizes the answers of one method.
 *
 * @throws {@link RangeError} when there are none.
 */
export function summarize(answers: readonly MarkedAnswer[]): MethodSummary {
  const n = answers.length;
  if (n === 0) throw new RangeError('answers must not be empty');
  const right = answers.filter((answer) => answer.right).length;
  const bytes = answers.map(({ sentBytes }) => sentBytes);
  const totals = answers.map(({ timeMs }) => timeMs.total);
  const meanOf = (part: 'device' | 'link' | 'edge') => mean(answers.map(({ timeMs }) => timeMs[part]));
  const within = (counts: (answer: MarkedAnswer) => boolean) =>
    Object.fromEntries(
      deadlinesMs.map((ms) => [ms, answers.filter((a) => counts(a) && a.timeMs.total <= ms).length / n]),
    );
  return {
    n,
    right,
    accuracy: right / n,
    sentBytes: { mean: mean(bytes), max: Math.max(...bytes) },
    latencyMs: { p50: quantile(totals, 0.5), p95: quantile(totals, 0.95) },
    partsMs: { device: meanOf('device'), link: meanOf('link'), edge: meanOf('edge') },
    answeredWithin: within(() => true),
    rightWithin: within((answer) => answer.right),
  };
}
