import { expect, test } from 'vitest';
import { CodecError, ShapeError } from '../errors.ts';
import { createFrequencyTable, frequencyTotal } from './frequency-table.ts';
import { dequantize, quantize, quantizeUnclipped } from './quantizer.ts';

const model = {
  channels: [
    createFrequencyTable(-2, Uint16Array.of(1, 1, 1, 1, frequencyTotal - 4)),
    createFrequencyTable(5, Uint16Array.of(frequencyTotal)),
  ],
};

test('rounds halves to even', () => {
  const halves = Float32Array.of(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.499, -0.501, 3);
  expect([...quantizeUnclipped(halves)]).toEqual([-2, -2, 0, 0, 2, 2, 0, -1, 3]);
});

test('clips to the alphabet of each channel', () => {
  const latent = Float32Array.of(-9, 2.5, Number.POSITIVE_INFINITY, 0, 5, Number.NEGATIVE_INFINITY);
  expect([...quantize(latent, model)]).toEqual([-2, 2, 2, 5, 5, 5]);
  expect([...quantizeUnclipped(Float32Array.of(1e9, -1e9))]).toEqual([32_767, -32_768]);
});

test('refuses what is not a number, and lengths that do not fit', () => {
  expect(() => quantize(Float32Array.of(0, 0, 0, Number.NaN), model)).toThrow('latent value 3 is NaN');
  expect(() => quantizeUnclipped(Float32Array.of(Number.NaN))).toThrow(CodecError);
  expect(() => quantize(new Float32Array(3), model)).toThrow(CodecError);
  expect(() => quantize(new Float32Array(0), model)).toThrow(CodecError);
});

test('dequantizes each symbol to itself', () => {
  expect(dequantize(Int16Array.of(-2, 0, 3, 4), [2, 1, 2])).toEqual({
    dtype: 'float32',
    shape: [1, 2, 1, 2],
    data: Float32Array.of(-2, 0, 3, 4),
  });
  expect(() => dequantize(new Int16Array(3), [2, 1, 2])).toThrow(ShapeError);
});
