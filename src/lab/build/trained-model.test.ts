import { expect, test } from 'vitest';
import { AecnnError, ModelError } from '../../core/errors.ts';
import { createRandom, tensor } from '../../core/tensor/index.ts';
import { writeSafetensors } from '../weights/index.ts';
import { parseTrainedModel, roundForStorage, serializeTrainedModel, type TrainedModel } from './trained-model.ts';

const random = createRandom(6);
const trained: TrainedModel = {
  tensors: {
    'encoder/weights': tensor(
      'float32',
      [32, 64, 1, 1],
      Float32Array.from({ length: 2048 }, () => random.normal()),
    ),
    'encoder/bias': tensor(
      'float32',
      [32],
      Float32Array.from({ length: 32 }, () => random.normal()),
    ),
  },
  entropy: Uint8Array.of(1, 2, 3, 255),
  notes: {
    formatVersion: 2,
    name: 'test',
    split: 'conv4_x',
    tail: 'stock',
    teacher: 'linear',
    classes: ['cat', 'dög'],
    chunks: 2,
    curve: [{ budgetBytes: 1200, frameBytes: { mean: 600.5, max: 700 }, accuracy: 0.9, agreement: 0.95 }],
    fallback: { temperature: 1.5, accuracy: 0.5, expectedCalibrationError: 0.02 },
    dataSplit: { protocol: 'folder', seed: 3, hash: 'abc', trainImages: 10, testImages: 3 },
    licence: 'Apache-2.0',
    sources: [{ name: 'x', licence: 'CC0-1.0', url: 'https://example.org', what: 'pictures' }],
    selectedChannels: [3, 1, 2],
    latentChannels: 32,
    decoderWidth: 16,
    bits: 6,
    uncompressedAccuracy: 0.97,
  },
};

test('comes back as it was, but for the rounding of large tensors to float16', () => {
  const stored = { ...trained, tensors: roundForStorage(trained.tensors) };
  const bytes = serializeTrainedModel(stored);
  expect(parseTrainedModel(bytes)).toEqual(stored);
  expect(serializeTrainedModel(parseTrainedModel(bytes))).toEqual(bytes);
  expect(serializeTrainedModel(trained)).toEqual(bytes);
  expect(stored.tensors['encoder/bias']).toEqual(trained.tensors['encoder/bias']);
  expect(bytes.length).toBeLessThan(2 * 2048 + 2000);
  const [before, after] = [trained, stored].map(({ tensors }) => tensors['encoder/weights']?.data as Float32Array);
  expect(after).not.toEqual(before);
  before?.forEach((value, i) => {
    expect(Math.abs((after?.[i] as number) - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -11 + 2 ** -25);
  });
  expect(roundForStorage(stored.tensors)).toEqual(stored.tensors);
});

test('bytes cut anywhere are refused with a sentence', () => {
  const bytes = serializeTrainedModel(trained);
  for (const length of [0, 7, 8, 100, bytes.length >> 1, bytes.length - 1]) {
    expect(() => parseTrainedModel(bytes.subarray(0, length))).toThrow(ModelError);
  }
});

test('damaged headers never give anything but a model or an error of ours', () => {
  const bytes = serializeTrainedModel(trained);
  const draw = createRandom(12);
  for (let i = 0; i < 300; i++) {
    const damaged = bytes.slice();
    const at = Math.floor(draw.uniform() * 1600);
    damaged[at] = Math.floor(draw.uniform() * 256);
    try {
      parseTrainedModel(damaged);
    } catch (error) {
      expect(error).toBeInstanceOf(AecnnError);
    }
  }
});

test.each([
  [{}, 'was not written by "aecnn train"'],
  [{ aecnn: '{' }, 'is not JSON'],
  [{ aecnn: JSON.stringify({ ...trained.notes, formatVersion: 1 }) }, 'wrong at formatVersion'],
  [{ aecnn: JSON.stringify({ ...trained.notes, split: 'conv9_x' }) }, 'wrong at split'],
  [{ aecnn: JSON.stringify({ ...trained.notes, chunks: 0 }) }, 'wrong at chunks'],
  [{ aecnn: JSON.stringify(trained.notes) }, 'hold no entropy tables'],
])('a safetensors file that is none of ours: %#', (metadata: Record<string, string>, sentence) => {
  const bytes = writeSafetensors({ bias: tensor('float32', [1], new Float32Array(1)) }, metadata);
  expect(() => parseTrainedModel(bytes)).toThrow(ModelError);
  expect(() => parseTrainedModel(bytes)).toThrow(sentence);
});

test('one flipped bit of the tensors is noticed', () => {
  const bytes = serializeTrainedModel(trained);
  const flipped = Uint8Array.from(bytes);
  flipped[bytes.length - 1] = (flipped[bytes.length - 1] as number) ^ 1;
  expect(() => parseTrainedModel(flipped)).toThrow(/damaged/);
});
