import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tensor } from '../../core/tensor/index.ts';
import { openCheckpoint, recipeHash } from './checkpoint.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-checkpoint-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const tensors = {
  weights: tensor('float32', [2], Float32Array.of(1, 2)),
  bytes: tensor('uint8', [1], Uint8Array.of(7)),
};

test('a finished step comes back with its notes; a step that was never saved does not', async () => {
  const checkpoint = openCheckpoint(folder, 'a');
  expect(await checkpoint.load('task')).toBeUndefined();
  await checkpoint.save('task', { tensors, notes: { accuracy: 0.5 } });
  expect(await openCheckpoint(folder, 'a').load('task')).toEqual({ tensors, notes: { accuracy: 0.5 } });
});

test('the state of a step under way comes back, and goes when the step is finished', async () => {
  const checkpoint = openCheckpoint(folder, 'a');
  const parameters = { 'classifier/weights': tensors.weights };
  const state = { step: 12, parameters, moments: { 'm/classifier/weights': tensors.weights } };
  await checkpoint.savePartial('task', state, { price: 3e-4 });
  expect(await checkpoint.loadPartial('task')).toEqual({ state, notes: { price: 3e-4 } });
  expect(await checkpoint.load('task')).toBeUndefined();
  await checkpoint.save('task', { tensors, notes: null });
  expect(await checkpoint.loadPartial('task')).toBeUndefined();
  expect(await readdir(folder)).toEqual(['task.safetensors']);
});

test('another recipe starts anew', async () => {
  await openCheckpoint(folder, 'a').save('task', { tensors, notes: null });
  await openCheckpoint(folder, 'a').savePartial('next', { step: 1, parameters: {}, moments: {} }, null);
  expect(await openCheckpoint(folder, 'b').load('task')).toBeUndefined();
  expect(await openCheckpoint(folder, 'b').loadPartial('next')).toBeUndefined();
});

test('the hash of a recipe depends on its values and not on the order of its keys', () => {
  const hash = recipeHash({ a: 1, b: { c: [1, 2], d: 'x' } });
  expect(hash).toMatch(/^[0-9a-f]{16}$/);
  expect(recipeHash({ b: { d: 'x', c: [1, 2] }, a: 1 })).toBe(hash);
  expect(recipeHash({ b: { d: 'x', c: [2, 1] }, a: 1 })).not.toBe(hash);
  expect(recipeHash({ a: 2, b: { c: [1, 2], d: 'x' } })).not.toBe(hash);
});
