import { expect, test } from 'vitest';
import type { SeriesAnswer } from './series-answer.ts';
import { summarizeAway, summarizeSeries } from './summary.ts';

const answered = (
  atMs: number,
  via: 'edge' | 'edge-prefix' | 'device',
  totalMs: number,
  { inTime = true, isRight = true } = {},
): SeriesAnswer => ({
  atMs,
  via,
  inTime,
  isRight,
  frameBytes: 1000,
  chunks: { decoded: 4, of: 4 },
  timeMs: { device: 50, link: totalMs - 70, edge: 20, total: totalMs },
});

test('shares are of all requests, times of those that were answered', () => {
  const summary = summarizeSeries([
    answered(0, 'edge', 100),
    answered(1, 'edge-prefix', 200, { isRight: false }),
    answered(2, 'device', 600, { inTime: false }),
    { atMs: 3, via: 'refused' },
    { atMs: 4, via: 'none' },
  ]);
  expect(summary).toMatchObject({
    requests: 5,
    answeredInTime: 0.4,
    accuracyInTime: 0.2,
    via: { edge: 0.2, 'edge-prefix': 0.2, device: 0.2, refused: 0.2, none: 0.2 },
    totalMs: { p50: 200, p95: 560 },
    frameBytes: { mean: 1000 },
  });
  // The device's own answer waited for nobody.
  expect(summary.linkMs.p50).toBe(80);
});

test('a series that nobody answered has no times', () => {
  expect(summarizeSeries([{ atMs: 0, via: 'none' }])).toMatchObject({
    answeredInTime: 0,
    totalMs: {},
    frameBytes: { mean: 0 },
  });
});

test('an absence: what was asked and answered in it, and the first answer of the edge after it', () => {
  const answers: SeriesAnswer[] = [
    answered(900, 'edge', 100),
    // Asked before, answered while it was away.
    answered(990, 'device', 400),
    answered(1200, 'device', 400),
    { atMs: 1300, via: 'refused' },
    // Asked while it was away, answered after its return.
    answered(2800, 'edge', 350),
    answered(3100, 'edge-prefix', 200),
    { atMs: 3200, via: 'refused' },
  ];
  expect(summarizeAway(answers, { fromMs: 1000, untilMs: 3000 })).toEqual({
    awayMs: 2000,
    whileAway: {
      requests: 2,
      answeredInTime: 0.5,
      via: { edge: 0, 'edge-prefix': 0, device: 0.5, refused: 0.5, none: 0 },
    },
    askedAgainAfterMs: 100,
    edgeAgainAfterMs: 150,
  });
});

test('an edge that never answers again', () => {
  const { edgeAgainAfterMs, askedAgainAfterMs } = summarizeAway([answered(0, 'edge', 100)], {
    fromMs: 110,
    untilMs: 190,
  });
  expect([edgeAgainAfterMs, askedAgainAfterMs]).toEqual([undefined, undefined]);
});
