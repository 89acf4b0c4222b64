import { expect, test } from 'vitest';
import { createRandom, pickTensor, scalar, tensor } from '../../../../core/tensor/index.ts';
import { createNodeRuntime } from '../../../../runtime/node.ts';
import { gradients } from '../../../autodiff/index.ts';
import { createGraph, input, mul, output, reduceSum, serializeGraph } from '../../../graph/index.ts';
import { bitsOfLevel, drawErasures, eraseBits, eraseBitsStraightThrough } from './erasure-channel.ts';

const everyLevel = Uint8Array.from({ length: 256 }, (_, i) => i);

test('a share of the bits is lost, none without a channel, others for another seed', () => {
  const lost = drawErasures(100_000, 0.03, createRandom(1));
  expect(new Set(lost)).toEqual(new Set([0, 1]));
  const count = lost.reduce((a, b) => a + b, 0);
  // Five standard deviations of a binomial count.
  expect(Math.abs(count - 3000)).toBeLessThan(5 * Math.sqrt(3000 * 0.97));
  expect(drawErasures(1000, 0, createRandom(1)).every((bit) => bit === 0)).toBe(true);
  expect(drawErasures(100_000, 0.03, createRandom(2))).not.toEqual(lost);
  expect(() => drawErasures(8, 1, createRandom(1))).toThrow(RangeError);
});

test('a lost bit is read as one half', () => {
  const lost = new Float32Array(bitsOfLevel * 2);
  lost[7 * 2] = 1; // the highest bit of the first value
  lost[1] = 1; // the lowest bit of the second
  expect(eraseBits(Uint8Array.of(0b1000_0001, 0b0000_0010), lost)).toEqual(Float32Array.of(0b0000_0001 + 64, 2.5));
  expect(eraseBits(Uint8Array.of(7, 200), new Float32Array(16))).toEqual(Float32Array.of(7, 200));
  expect(eraseBits(Uint8Array.of(255), new Float32Array(8).fill(1))).toEqual(Float32Array.of(127.5));
});

test('the training graph loses the same bits, and its gradient is the identity', async () => {
  const erasures = drawErasures(bitsOfLevel * 256, 0.3, createRandom(5));
  const graph = createGraph('channel');
  const levels = input(graph, 'levels', 'float32', [2, 2, 8, 8]);
  const lost = input(graph, 'lost', 'float32', [8, 2, 2, 8, 8]);
  const weight = input(graph, 'weight', 'float32', []);
  const received = eraseBitsStraightThrough(levels, lost);
  const [slope] = gradients(mul(weight, reduceSum(received, [0, 1, 2, 3], 0)), [levels]);
  output('received', received);
  if (slope) output('slope', slope);
  const runtime = await createNodeRuntime({ worker: false, threads: 1 });
  await using session = await runtime.createSession(serializeGraph(graph));
  const found = await session.run({
    levels: tensor('float32', [2, 2, 8, 8], Float32Array.from(everyLevel)),
    lost: tensor('float32', [8, 2, 2, 8, 8], erasures),
    weight: scalar(3),
  });
  expect(pickTensor(found, 'received', 'float32').data).toEqual(eraseBits(everyLevel, erasures));
  expect(new Set(pickTensor(found, 'slope', 'float32').data)).toEqual(new Set([3]));
});
