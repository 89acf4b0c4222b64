import { expect, test } from 'vitest';
import { CodecError } from '../errors.ts';
import { channelPlan, createChunkPlan, noChunk } from './chunk-plan.ts';
import { nothingKnown } from './resolution.ts';

test('says what each chunk refines, from where to where', () => {
  // Two elements, three resolutions: the first comes coarse in chunk 0 and whole in chunk 1, the second half-way in chunk 1.
  const plan = createChunkPlan(2, Uint8Array.of(1, noChunk, 1, 1, 0, 1));
  expect(plan.chunks).toBe(2);
  expect(plan.resolutions).toBe(3);
  expect(plan.refinements).toEqual([
    { elements: Uint16Array.of(0), from: Uint8Array.of(nothingKnown), to: Uint8Array.of(2) },
    { elements: Uint16Array.of(0, 1), from: Uint8Array.of(2, nothingKnown), to: Uint8Array.of(0, 1) },
  ]);
});

test.each([
  ['finer before coarse', 1, [0, 1]],
  ['a chunk that brings nothing', 2, [0, 2]],
  ['no chunk at all', 2, [noChunk, noChunk]],
  ['more resolutions than there are', 1, new Array<number>(17).fill(0)],
  ['a broken number of resolutions', 2, [0, 0, 0]],
  ['no arrivals', 1, []],
])('refuses %s', (_, elements, arrivals) => {
  expect(() => createChunkPlan(elements, Uint8Array.from(arrivals))).toThrow(CodecError);
});

test('a plan by channels sends each channel whole', () => {
  const plan = channelPlan([3, 1, 2], [1, 2]);
  expect(plan.refinements).toEqual([
    { elements: Uint16Array.of(0, 1), from: Uint8Array.of(nothingKnown, nothingKnown), to: Uint8Array.of(0, 0) },
    { elements: Uint16Array.of(2, 3, 4, 5), from: new Uint8Array(4).fill(nothingKnown), to: Uint8Array.of(0, 0, 0, 0) },
  ]);
  expect(() => channelPlan([3, 1, 2], [1, 1])).toThrow(CodecError);
  expect(() => channelPlan([3, 1, 2], [3, 0])).not.toThrow();
});
