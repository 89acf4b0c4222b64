import { expect, test } from 'vitest';
import { createRandom, pickTensor, tensor } from '../../core/tensor/index.ts';
import { createNodeRuntime } from '../../runtime/node.ts';
import { constant, createGraph, input, output } from './graph.ts';
import { add, gemm } from './ops.ts';
import { serializeGraph } from './serialize.ts';
import { shrinkConstants } from './shrink-constants.ts';

const random = createRandom(1);
const normal = (rows: number, columns: number) =>
  tensor(
    'float32',
    [rows, columns],
    Float32Array.from({ length: rows * columns }, () => random.normal()),
  );
const weights = normal(128, 64);
const bias = normal(1, 64);

/** `y = x * weights + bias`. */
function model(): Uint8Array {
  const graph = createGraph('layer');
  const x = input(graph, 'x', 'float32', ['N', 128]);
  output('y', add(gemm(x, constant(graph, weights, 'weights')), constant(graph, bias, 'bias')));
  return serializeGraph(graph);
}

const runtime = await createNodeRuntime({ worker: false });
async function run(graph: Uint8Array): Promise<Float32Array> {
  await using session = await runtime.createSession(graph);
  return pickTensor(await session.run({ x }), 'y', 'float32').data;
}
const x = normal(3, 128);
const expected = await run(model());

test.each([
  ['float16', 2, 0.01],
  ['int8', 4, 0.3],
] as const)('%s takes %i times fewer bytes and changes results little', async (precision, times, most) => {
  const shrunk = shrinkConstants(model(), precision);
  expect(shrunk.length).toBeLessThan((4 * 128 * 64) / times + 3000);
  const found = await run(shrunk);
  const difference = Math.max(...found.map((value, i) => Math.abs(value - (expected[i] as number))));
  expect(difference).toBeGreaterThan(0);
  expect(difference).toBeLessThan(most);
});

test('small constants stay as they are', async () => {
  const graph = createGraph('small');
  const z = input(graph, 'x', 'float32', ['N', 128]);
  output('y', add(z, constant(graph, normal(1, 128), 'shift')));
  const bytes = serializeGraph(graph);
  expect(await run(shrinkConstants(bytes, 'int8'))).toEqual(await run(bytes));
});
