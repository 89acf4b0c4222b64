/** What became of one request, and what a method comes to over all of them. */

import { quantile } from 'simple-statistics';

/** Whose answer a request got: `refused` and `late` are none. */
export type Via = 'edge' | 'edge-prefix' | 'device' | 'refused' | 'late';

/** One request after its deadline. */
export interface Outcome {
  readonly via: Via;
  /** Whether the answer was right; `false` without one. */
  readonly isRight: boolean;
  /** From when the clock of the deadline starts to the answer, a late one too; absent when there never was one. */
  readonly latencyMs?: number;
  /** Bytes of the frame or the picture file that was sent; 0 when nothing was. */
  readonly frameBytes: number;
  /** From handing over the first byte to the last one's arrival, propagation included; absent when nothing arrived. */
  readonly uplinkMs?: number;
}

/** A method over all requests; shares from 0 to 1. */
export interface MethodResult {
  readonly method: string;
  readonly requests: number;
  readonly answeredInTime: number;
  /** Right and in time. */
  readonly accuracyInTime: number;
  /** Of all answers there were, late ones too. */
  readonly latencyMs: Percentiles;
  /** Of what the edge got whole. */
  readonly uplinkMs: Percentiles;
  readonly frameBytes: { readonly mean: number };
  readonly via: Readonly<Record<Via, number>>;
  /** What was sent, where there was a choice. */
  readonly codec?: string;
}

/** Absent where nothing was measured. */
export interface Percentiles {
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
}

/** Sums up the outcomes of a method. */
export function methodResult(method: string, outcomes: readonly Outcome[], codec?: string): MethodResult {
  const share = (holds: (outcome: Outcome) => boolean): number => outcomes.filter(holds).length / outcomes.length;
  const isInTime = ({ via }: Outcome): boolean => via !== 'refused' && via !== 'late';
  const viaShare = (via: Via): number => share((outcome) => outcome.via === via);
  return {
    method,
    requests: outcomes.length,
    answeredInTime: share(isInTime),
    accuracyInTime: share((outcome) => isInTime(outcome) && outcome.isRight),
    latencyMs: percentiles(outcomes.flatMap(({ latencyMs }) => latencyMs ?? [])),
    uplinkMs: percentiles(outcomes.flatMap(({ uplinkMs }) => uplinkMs ?? [])),
    frameBytes: { mean: outcomes.reduce((sum, { frameBytes }) => sum + frameBytes, 0) / outcomes.length },
    via: {
      edge: viaShare('edge'),
      'edge-prefix': viaShare('edge-prefix'),
      device: viaShare('device'),
      refused: viaShare('refused'),
      late: viaShare('late'),
    },
    ...(codec !== undefined && { codec }),
  };
}

function percentiles(values: readonly number[]): Percentiles {
  if (values.length === 0) return {};
  const [p50 = 0, p95 = 0, p99 = 0] = quantile([...values], [0.5, 0.95, 0.99]);
  return { p50, p95, p99 };
}
