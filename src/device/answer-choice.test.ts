import { expect, test } from 'vitest';
import { prefersEdge } from './answer-choice.ts';

test('of equally accurate sources the surer one is believed', () => {
  expect(prefersEdge({ probability: 0.8, accuracy: 0.9 }, { probability: 0.7, accuracy: 0.9 })).toBe(true);
  expect(prefersEdge({ probability: 0.7, accuracy: 0.9 }, { probability: 0.8, accuracy: 0.9 })).toBe(false);
});

test('of equally sure answers the more accurate source is believed', () => {
  expect(prefersEdge({ probability: 0.8, accuracy: 0.95 }, { probability: 0.8, accuracy: 0.9 })).toBe(true);
  expect(prefersEdge({ probability: 0.8, accuracy: 0.5 }, { probability: 0.8, accuracy: 0.9 })).toBe(false);
});

test('odds multiply: 9 to 1 twice against 81 to 1 and an even chance', () => {
  const edge = { probability: 0.9, accuracy: 0.9 };
  expect(prefersEdge(edge, { probability: 81 / 82 - 1e-6, accuracy: 0.5 })).toBe(true);
  expect(prefersEdge(edge, { probability: 81 / 82 + 1e-6, accuracy: 0.5 })).toBe(false);
});

test('certainties are weighed like any other, and ties go to the edge', () => {
  const certain = { probability: 1, accuracy: 1 };
  expect(prefersEdge(certain, certain)).toBe(true);
  expect(prefersEdge({ probability: 0, accuracy: 0 }, certain)).toBe(false);
});
