import { expect, test } from 'vitest';
import { ShapeError } from '../errors.ts';
import { topLabels } from './top-labels.ts';

test('ranks by softmax probability', () => {
  const top = topLabels(Float32Array.of(0, Math.log(3), 0), ['a', 'b', 'c'], 2);
  expect(top.map(({ label }) => label)).toEqual(['b', 'a']);
  expect(top[0]?.probability).toBeCloseTo(0.6, 6);
  expect(top[1]?.probability).toBeCloseTo(0.2, 6);
});

test('large logits do not overflow', () => {
  expect(topLabels(Float32Array.of(3e38, 0), ['a', 'b'])).toEqual([
    { label: 'a', probability: 1 },
    { label: 'b', probability: 0 },
  ]);
});

test('another number of logits than classes is refused', () => {
  expect(() => topLabels(Float32Array.of(1), ['a', 'b'])).toThrow(ShapeError);
});
