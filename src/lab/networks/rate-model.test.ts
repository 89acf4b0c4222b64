import { expect, test } from 'vitest';
import { pickTensor, tensor } from '../../core/tensor/index.ts';
import { createNodeRuntime } from '../../runtime/node.ts';
import { createGraph, input, output, serializeGraph } from '../graph/index.ts';
import { constantParameters } from './parameters.ts';
import { rateBits, rateModelParameters } from './rate-model.ts';

test('bits are those of a logistic distribution a channel, integrated over each symbol’s interval', async () => {
  const [N, k, H, W] = [2, 3, 2, 2];
  const means = [0, 1.5, -4];
  const logScales = [-1, 0.5, 2];
  expect(rateModelParameters(k)).toEqual({ 'rate/mean': [k, 1, 1], 'rate/log_scale': [k, 1, 1] });
  const graph = createGraph('rate');
  const parameters = constantParameters(graph, {
    'rate/mean': tensor('float32', [k, 1, 1], Float32Array.from(means)),
    'rate/log_scale': tensor('float32', [k, 1, 1], Float32Array.from(logScales)),
  });
  output('bits', rateBits(input(graph, 'symbols', 'float32', ['N', k, H, W]), parameters));
  await using session = await (await createNodeRuntime({ worker: false })).createSession(serializeGraph(graph));
  const symbols = Float32Array.from({ length: N * k * H * W }, (_, i) => ((i * 7) % 9) - 4);
  const outputs = await session.run({ symbols: tensor('float32', [N, k, H, W], symbols) });
  const expected = symbols.reduce((sum, symbol, i) => {
    const channel = Math.floor(i / (H * W)) % k;
    const below = (value: number) =>
      1 / (1 + Math.exp(-(value - (means[channel] as number)) / Math.exp(logScales[channel] as number)));
    return sum - Math.log2(below(symbol + 0.5) - below(symbol - 0.5) + 1e-6);
  }, 0);
  const bits = pickTensor(outputs, 'bits', 'float32');
  expect(bits.shape).toEqual([]);
  expect((bits.data[0] as number) / expected).toBeCloseTo(1, 4);
});
