import { expect, test } from 'vitest';
import { pickTensor, tensor } from '../../core/tensor/index.ts';
import { createNodeRuntime } from '../../runtime/node.ts';
import { createGraph, input, output, serializeGraph } from '../graph/index.ts';
import { constantParameters } from './parameters.ts';
import { rateBits, rateModelParameters } from './rate-model.ts';

const [N, k] = [2, 3];
const elements = k * 49;
const means = Float32Array.from({ length: elements }, (_, i) => (i % 5) - 2);
const logScales = Float32Array.from({ length: elements }, (_, i) => -1 + (i % 7) / 2);

/** Bits of intervals under the model, as the graph and as this test compute them, a latent each. */
async function bitsOf(middles: Float32Array, halves: Float32Array): Promise<{ graph: number[]; expected: number[] }> {
  const shape = [k, 7, 7];
  const graph = createGraph('rate');
  const parameters = constantParameters(graph, {
    'rate/mean': tensor('float32', shape, means),
    'rate/log_scale': tensor('float32', shape, logScales),
  });
  const intervals = {
    middles: input(graph, 'middles', 'float32', ['N', ...shape]),
    halves: input(graph, 'halves', 'float32', ['N', ...shape]),
  };
  output('bits', rateBits(intervals, parameters));
  await using session = await (await createNodeRuntime({ worker: false })).createSession(serializeGraph(graph));
  const outputs = await session.run({
    middles: tensor('float32', [N, ...shape], middles),
    halves: tensor('float32', [N, ...shape], halves),
  });
  const expected = Array.from({ length: N }, (_, n) => {
    let bits = 0;
    for (let element = 0; element < elements; element++) {
      const [middle = 0, half = 0] = [middles[n * elements + element], halves[n * elements + element]];
      const below = (value: number) =>
        1 / (1 + Math.exp(-(value - (means[element] as number)) / Math.exp(logScales[element] as number)));
      bits -= Math.log2(below(middle + half) - below(middle - half) + 1e-6);
    }
    return bits;
  });
  return { graph: [...pickTensor(outputs, 'bits', 'float32').data], expected };
}

const middles = Float32Array.from({ length: N * elements }, (_, i) => ((i * 7) % 9) - 4);

test('has one distribution an element', () => {
  expect(rateModelParameters(k)).toEqual({ 'rate/mean': [k, 7, 7], 'rate/log_scale': [k, 7, 7] });
});

test('bits are those of a logistic distribution an element, integrated over each interval', async () => {
  const { graph, expected } = await bitsOf(
    middles,
    middles.map((_, i) => 0.5 + (i % 3)),
  );
  expect(graph).toHaveLength(N);
  graph.forEach((bits, n) => {
    expect(bits / (expected[n] as number)).toBeCloseTo(1, 4);
  });
});

test('what is not known costs nothing', async () => {
  const { graph } = await bitsOf(new Float32Array(N * elements), new Float32Array(N * elements).fill(65_536));
  for (const bits of graph) expect(Math.abs(bits)).toBeLessThan(0.01);
});
