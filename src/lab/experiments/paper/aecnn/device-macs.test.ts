import { expect, test } from 'vitest';
import { thinBackbone } from '../../../../../test/fixtures/paper-context.ts';
import { tensor } from '../../../../core/tensor/index.ts';
import { constant, conv, createGraph, gemm, input, reshape } from '../../../graph/index.ts';
import { attentionParameters, compressorParameters } from '../../../networks/index.ts';
import { countMacs, deviceMacs } from './device-macs.ts';

const zerosOf = (shape: readonly number[]) =>
  tensor('float32', shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));

test('counts convolutions by their output, window and input channels, and matrix products', () => {
  const graph = createGraph('macs');
  const x = input(graph, 'x', 'float32', [1, 4, 8, 8]);
  const y = conv(x, constant(graph, zerosOf([6, 4, 3, 3])), undefined, { strides: [2, 2], pads: [1, 1, 1, 1] });
  gemm(reshape(y, [1, 96]), constant(graph, zerosOf([96, 10])));
  gemm(constant(graph, zerosOf([5, 7])), constant(graph, zerosOf([5, 3])), undefined, { transA: 1 });
  expect(countMacs(graph)).toBe(6 * 4 * 4 * (4 * 9) + 96 * 10 + 7 * 3 * 5);
});

test('a later split costs the device more', () => {
  const folded = thinBackbone();
  const macs = (['conv4_x', 'conv5_x'] as const).map((split) => {
    const channels = split === 'conv4_x' ? 1024 : 2048;
    const shape = {
      featureShape: [channels, 7, 7] as const,
      selectedChannels: [3, 1],
      latentChannels: 2,
      decoderWidth: 0,
    };
    const shapes = { ...attentionParameters(channels), ...compressorParameters(shape) };
    const tensors = Object.fromEntries(Object.entries(shapes).map(([name, size]) => [name, zerosOf(size)]));
    return deviceMacs(split, folded, shape, tensors);
  });
  expect(macs[1]).toBeGreaterThan(macs[0] ?? Number.POSITIVE_INFINITY);
});
