import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ModelError } from '../../core/errors.ts';
import { readImagenetLabels, readTfjsWeights } from './index.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-tfjs-'));
});
afterEach(() => rm(folder, { recursive: true }));

const kernel = { name: 'conv1/kernel', shape: [1, 1, 2, 3], dtype: 'float32' };
const bias = { name: 'conv1/bias', shape: [3], dtype: 'float32' };
const group = { paths: ['shard1.bin', 'shard2.bin'], weights: [kernel, bias] };

/** Writes a model whose nine values are 0 to 8; the shards meet in the middle of a value. */
async function writeModel(groups: unknown = [group], shardBytes = [14, 22]): Promise<void> {
  const bytes = new Uint8Array(Float32Array.from({ length: 9 }, (_, i) => i).buffer);
  await writeFile(join(folder, 'model.json'), JSON.stringify({ modelTopology: {}, weightsManifest: groups }));
  await writeFile(join(folder, 'shard1.bin'), bytes.subarray(0, shardBytes[0]));
  await writeFile(join(folder, 'shard2.bin'), bytes.subarray(14, 14 + (shardBytes[1] ?? 0)));
}

test('tensors come out of the concatenated shards, in the order of the manifest', async () => {
  await writeModel();
  const weights = await readTfjsWeights(folder);
  expect(Object.keys(weights)).toEqual(['conv1/kernel', 'conv1/bias']);
  expect(weights['conv1/kernel']).toEqual({
    dtype: 'float32',
    shape: [1, 1, 2, 3],
    data: Float32Array.of(0, 1, 2, 3, 4, 5),
  });
  expect(weights['conv1/bias']?.data).toEqual(Float32Array.of(6, 7, 8));
});

test.each([
  ['a shard that is too short', () => writeModel([group], [14, 20]), /hold 34 bytes, the manifest expects 36/],
  ['a missing shard', () => writeModel([{ ...group, paths: ['shard1.bin', 'shard3.bin'] }]), /shard3.bin is missing/],
  ['a shard outside the folder', () => writeModel([{ ...group, paths: ['../shard1.bin'] }]), /plain file name/],
  [
    'quantized weights',
    () => writeModel([{ ...group, weights: [{ ...kernel, quantization: { scale: 1 } }] }]),
    /quantization/,
  ],
  ['another dtype', () => writeModel([{ ...group, weights: [{ ...kernel, dtype: 'int32' }] }]), /dtype/],
  ['no manifest', () => writeModel('none'), /weightsManifest/],
  ['no JSON', () => writeFile(join(folder, 'model.json'), '{'), /no JSON/],
  ['nothing', async () => undefined, /missing/],
])('%s is a ModelError that names the remedy', async (_name, prepare, expected) => {
  await prepare();
  await expect(readTfjsWeights(folder)).rejects.toBeInstanceOf(ModelError);
  await expect(readTfjsWeights(folder)).rejects.toThrow(expected);
  await expect(readTfjsWeights(folder)).rejects.toThrow(/fetch the package again/);
});

test('the class names come in the order of the logits, and all of them', async () => {
  await mkdir(join(folder, 'assets'));
  const labels = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [String(999 - i), `class ${999 - i}`]));
  await writeFile(join(folder, 'assets', 'labels.json'), JSON.stringify(labels));
  const read = await readImagenetLabels(folder);
  expect(read).toHaveLength(1000);
  expect(read[7]).toBe('class 7');
  const { 3: _gone, ...rest } = labels;
  await writeFile(join(folder, 'assets', 'labels.json'), JSON.stringify(rest));
  await expect(readImagenetLabels(folder)).rejects.toThrow(ModelError);
});
