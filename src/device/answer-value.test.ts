import { expect, test } from 'vitest';
import { answerValue } from './answer-value.ts';

const point = (mean: number, accuracy: number) => ({
  budgetBytes: mean,
  frameBytes: { mean, max: mean },
  accuracy,
  agreement: accuracy,
});
const fallback = { temperature: 1, accuracy: 0.7, expectedCalibrationError: 0 };

test('accuracy grows with the logarithm of the bytes, through all points', () => {
  const curve = [point(100, 0.8), point(200, 0.85), point(400, 0.9)];
  const { edge, device } = answerValue({ curve, fallback }, [100, 200, 283, 800]);
  expect(device).toBe(0.7);
  for (const [i, expected] of [0.8, 0.85, 0.875, 0.95].entries()) expect(edge[i]).toBeCloseTo(expected, 3);
});

test('points that fall, as those of few pictures do, never make more bytes worth less', () => {
  const falling = answerValue({ curve: [point(100, 0.9), point(1000, 0.8)], fallback }, [100, 400, 1000]);
  expect(new Set(falling.edge)).toEqual(new Set([expect.closeTo(0.85)]));
  const { edge } = answerValue(
    { curve: [point(100, 0.8), point(500, 0.95), point(1000, 0.94)], fallback },
    [500, 1000],
  );
  expect(edge[1]).toBeGreaterThan(edge[0] as number);
});

test('shorter and longer frames follow the line, between 0 and 1', () => {
  const curve = [point(100, 0.8), point(200, 0.9)];
  const { edge } = answerValue({ curve, fallback }, [1e-3, 50, 10_000]);
  expect(edge).toEqual([0, expect.closeTo(0.7), 1]);
  expect(answerValue({ curve: [point(100, 0.8)], fallback }, [50, 200]).edge).toEqual([0.8, 0.8]);
});
