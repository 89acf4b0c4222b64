import { expect, test } from 'vitest';
import { type MarkedAnswer, summarize } from './summary.ts';

const answer = (totalMs: number, right: boolean, sentBytes = 100): MarkedAnswer => ({
  top: [],
  via: 'edge',
  sentBytes,
  linkBytes: sentBytes + 18,
  right,
  timeMs: { device: totalMs / 2, link: totalMs / 4, edge: totalMs / 4, total: totalMs },
});

test('shares, means and order statistics', () => {
  const answers = [answer(90, true), answer(100, false, 200), answer(180, true), answer(700, true)];
  expect(summarize(answers)).toEqual({
    n: 4,
    right: 3,
    accuracy: 0.75,
    sentBytes: { mean: 125, max: 200 },
    latencyMs: { p50: 140, p95: expect.closeTo(622, 9) },
    partsMs: { device: 133.75, link: 66.875, edge: 66.875 },
    answeredWithin: { 100: 0.5, 200: 0.75, 500: 0.75 },
    rightWithin: { 100: 0.25, 200: 0.5, 500: 0.5 },
  });
});

test('p50 and p95 interpolate between order statistics', () => {
  const answers = Array.from({ length: 30 }, (_, i) => answer(i + 1, true));
  expect(summarize(answers).latencyMs).toEqual({ p50: 15.5, p95: expect.closeTo(28.55, 9) });
});

test('no answers have no summary', () => {
  expect(() => summarize([])).toThrow(RangeError);
});
