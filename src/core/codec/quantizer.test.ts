import { expect, test } from 'vitest';
import { CodecError, ShapeError } from '../errors.ts';
import { createChunkPlan } from './chunk-plan.ts';
import { createFrequencyTable, frequencyTotal } from './frequency-table.ts';
import { dequantize, quantize, quantizeUnclipped } from './quantizer.ts';

const wide = createFrequencyTable(-2, Uint16Array.of(1, 1, 1, 1, frequencyTotal - 4));
const single = createFrequencyTable(5, Uint16Array.of(frequencyTotal));
const model = { tables: [wide, wide, wide, single, single, single] };

test('counts whole steps from 0 outwards', () => {
  const values = Float32Array.of(-2.5, -1, -0.99, -0, 0.99, 1, 1.99, 2, 3);
  expect([...quantizeUnclipped(values)]).toEqual([-2, -1, 0, 0, 0, 1, 1, 2, 3]);
});

test('clips to the alphabet of each element', () => {
  const latent = Float32Array.of(-9, 2.5, Number.POSITIVE_INFINITY, 0, 5, Number.NEGATIVE_INFINITY);
  expect([...quantize(latent, model)]).toEqual([-2, 2, 2, 5, 5, 5]);
  expect([...quantizeUnclipped(Float32Array.of(1e9, -1e9))]).toEqual([32_767, -32_768]);
});

test('refuses what is not a number, and lengths that do not fit', () => {
  expect(() => quantize(Float32Array.of(0, 0, 0, Number.NaN, 0, 0), model)).toThrow('latent value 3 is NaN');
  expect(() => quantizeUnclipped(Float32Array.of(Number.NaN))).toThrow(CodecError);
  expect(() => quantize(new Float32Array(3), model)).toThrow(CodecError);
  expect(() => quantize(new Float32Array(0), model)).toThrow(CodecError);
});

test('dequantizes to a value inside the interval, as wide as it is known', () => {
  // Four elements: known in full, to pairs of symbols, to fours, and not at all.
  const plan = createChunkPlan(4, Uint8Array.of(0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1));
  const layout = { latentShape: [2, 1, 2] as const, plan };
  const { shape, data } = dequantize(Int16Array.of(-2, 4, -4, 0), layout, 1);
  expect(shape).toEqual([1, 2, 1, 2]);
  expect([...data].map((value) => Math.round(100 * value) / 100)).toEqual([-2.4, 4.8, -5.6, 0]);
  const whole = dequantize(Int16Array.of(-2, 5, -7, 3), layout, 2).data;
  expect([...whole].map((value) => Math.round(100 * value) / 100)).toEqual([-2.4, 5.4, -7.4, 3.4]);
  expect(() => dequantize(new Int16Array(3), layout, 2)).toThrow(ShapeError);
});
