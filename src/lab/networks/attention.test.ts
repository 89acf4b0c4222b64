import { expect, test } from 'vitest';
import { createRandom, elementCount, pickTensor, type Shape, tensor } from '../../core/tensor/index.ts';
import { createNodeRuntime } from '../../runtime/node.ts';
import { createGraph, input, output, serializeGraph } from '../graph/index.ts';
import { applyGates, attentionGates, attentionParameters } from './attention.ts';
import { constantParameters } from './parameters.ts';

const random = createRandom(3);
const normal = (shape: Shape) =>
  tensor(
    'float32',
    shape,
    Float32Array.from({ length: elementCount(shape) }, () => random.normal()),
  );

test('gates are sigmoid(mlp(mean) + mlp(max)), one MLP for both', async () => {
  const [N, C, H, W] = [2, 32, 3, 4];
  const tensors = Object.fromEntries(
    Object.entries(attentionParameters(C)).map(([name, shape]) => [name, normal(shape)]),
  );
  const graph = createGraph('attention');
  const x = input(graph, 'x', 'float32', ['N', C, H, W]);
  const gates = attentionGates(x, constantParameters(graph, tensors));
  output('gates', gates);
  output('gated', applyGates(x, gates));
  await using session = await (await createNodeRuntime({ worker: false })).createSession(serializeGraph(graph));
  const maps = normal([N, C, H, W]);
  const outputs = await session.run({ x: maps });

  const weight = (name: string) => pickTensor(tensors, `attention/${name}`, 'float32').data;
  const mlp = (pooled: readonly number[]): number[] => {
    const hidden = [...weight('reduce/bias')].map((bias, h) =>
      Math.max(
        0,
        pooled.reduce((sum, value, c) => sum + value * (weight('reduce/weights')[c * 2 + h] as number), bias),
      ),
    );
    return [...weight('expand/bias')].map((bias, c) =>
      hidden.reduce((sum, value, h) => sum + value * (weight('expand/weights')[h * C + c] as number), bias),
    );
  };
  for (let n = 0; n < N; n++) {
    const channels = Array.from({ length: C }, (_, c) =>
      maps.data.subarray((n * C + c) * H * W, (n * C + c + 1) * H * W),
    );
    const mean = mlp(channels.map((values) => values.reduce((a, b) => a + b, 0) / values.length));
    const max = mlp(channels.map((values) => Math.max(...values)));
    for (let c = 0; c < C; c++) {
      const gate = 1 / (1 + Math.exp(-(mean[c] as number) - (max[c] as number)));
      expect(pickTensor(outputs, 'gates', 'float32').data[n * C + c]).toBeCloseTo(gate, 5);
      const at = (n * C + c) * H * W + 5;
      expect(pickTensor(outputs, 'gated', 'float32').data[at]).toBeCloseTo(gate * (maps.data[at] as number), 5);
    }
  }
});

test('the number of channels must be a multiple of the reduction', () => {
  expect(() => attentionParameters(40)).toThrow('40 channels: not a multiple of 16');
});
