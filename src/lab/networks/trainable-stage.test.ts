import { expect, test } from 'vitest';
import { createRandom, elementCount, pickTensor, type Shape, tensor } from '../../core/tensor/index.ts';
import { createNodeRuntime } from '../../runtime/node.ts';
import { constant, createGraph, input, output, serializeGraph } from '../graph/index.ts';
import type { FoldedConvolution } from './folding.ts';
import { constantConvolutions, tail } from './resnet50.ts';
import {
  fromChannelsLastWeights,
  meanOfPositions,
  toChannelsLast,
  toChannelsLastWeights,
  trainableStage,
} from './trainable-stage.ts';

const random = createRandom(1);
const uniform = (shape: Shape, bound: number) =>
  tensor(
    'float32',
    shape,
    Float32Array.from({ length: elementCount(shape) }, () => bound * (2 * random.uniform() - 1)),
  );

test('weights go to the matrix of the channels-last product and back', () => {
  const weights = tensor(
    'float32',
    [2, 3, 1, 2],
    Float32Array.from({ length: 12 }, (_, i) => i),
  );
  const matrix = toChannelsLastWeights(weights);
  expect(matrix.shape).toEqual([6, 2]);
  // Rows: window position, then input channel; columns: output channel.
  expect([...matrix.data]).toEqual([0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
  expect(fromChannelsLastWeights(matrix, [1, 2])).toEqual(weights);
  expect(() => fromChannelsLastWeights(matrix, [2, 2])).toThrow('do not divide');
});

const folded = (() => {
  const known = new Map<string, FoldedConvolution>();
  return (name: string): FoldedConvolution => {
    const side = name.endsWith('branch2b') ? 3 : 1;
    const outputs = name.endsWith('2c') || name.endsWith('1') ? 2048 : 512;
    const inputs = name.endsWith('2a') || name.endsWith('1') ? (name.startsWith('5a') ? 1024 : 2048) : 512;
    const bound = Math.sqrt(3 / (inputs * side * side));
    const made = known.get(name) ?? {
      weights: uniform([outputs, inputs, side, side], bound),
      bias: uniform([outputs], 0.1),
    };
    known.set(name, made);
    return made;
  };
})();

// Two tiles of Winograd's algorithm, the second one cut off; a map too large for it.
test.each([
  [7, 4],
  [3, 9],
  [9, 8],
])('a trainable conv5_x is the conv5_x of the network (%i x %i)', async (height, width) => {
  const graph = createGraph('stage');
  const x = input(graph, 'x', 'float32', [2, 1024, height, width]);
  output('network', tail(x, 'conv4_x', constantConvolutions(graph, folded)));
  const trainable = trainableStage(toChannelsLast(x), 'conv5_x', (name) => {
    const { weights, bias } = folded(name);
    return { weights: constant(graph, toChannelsLastWeights(weights)), bias: constant(graph, bias) };
  });
  output('trainable', meanOfPositions(trainable));
  await using session = await (await createNodeRuntime({ worker: false })).createSession(serializeGraph(graph));
  const outputs = await session.run({ x: uniform([2, 1024, height, width], 1) });
  const [a, b] = [pickTensor(outputs, 'network', 'float32').data, pickTensor(outputs, 'trainable', 'float32').data];
  const largest = Math.max(...a.map(Math.abs));
  expect(largest).toBeGreaterThan(0.1);
  expect(Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number)))) / largest).toBeLessThan(1e-5);
});

test('toChannelsLast keeps every second row and column', async () => {
  const graph = createGraph('stride');
  const x = input(graph, 'x', 'float32', [1, 2, 3, 4]);
  output('y', toChannelsLast(x, 2));
  await using session = await (await createNodeRuntime({ worker: false })).createSession(serializeGraph(graph));
  const { y } = await session.run({
    x: tensor(
      'float32',
      [1, 2, 3, 4],
      Float32Array.from({ length: 24 }, (_, i) => i),
    ),
  });
  expect(y).toEqual(tensor('float32', [1, 2, 2, 2], Float32Array.of(0, 12, 2, 14, 8, 20, 10, 22)));
});
