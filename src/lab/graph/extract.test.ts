import { expect, test } from 'vitest';
import { tensor } from '../../core/tensor/index.ts';
import { createNodeRuntime } from '../../runtime/node.ts';
import { extractGraph } from './extract.ts';
import { constant, createGraph, input, named, output } from './graph.ts';
import { add, mul, relu } from './ops.ts';
import { serializeGraph } from './serialize.ts';

const vector = (...values: number[]) => tensor('float32', [1, values.length], Float32Array.from(values));

/** `y = relu(x * 3) + z`, with `middle = relu(x * 3)`. */
function wholeModel(): Uint8Array {
  const graph = createGraph('whole');
  const x = input(graph, 'x', 'float32', ['N', 2]);
  const z = input(graph, 'z', 'float32', ['N', 2]);
  const middle = named(relu(mul(x, constant(graph, vector(3, 3), 'factor'))), 'middle');
  output('y', add(middle, z));
  return serializeGraph(graph);
}

const runtime = await createNodeRuntime({ worker: false });

test('cuts the first part out, with the constants that it needs', async () => {
  await using session = await runtime.createSession(extractGraph(wholeModel(), ['x'], ['middle']));
  expect({ ins: session.inputNames, outs: session.outputNames }).toEqual({ ins: ['x'], outs: ['middle'] });
  expect(await session.run({ x: vector(-1, 2) })).toEqual({ middle: vector(0, 6) });
});

test('cuts the second part out: an internal value becomes an input', async () => {
  const second = extractGraph(wholeModel(), ['middle', 'z'], ['y']);
  expect(second.length).toBeLessThan(wholeModel().length);
  await using session = await runtime.createSession(second);
  expect([...session.inputNames]).toEqual(['middle', 'z']);
  expect(await session.run({ middle: vector(1, 2), z: vector(10, 20) })).toEqual({ y: vector(11, 22) });
});

test('several outputs, one of them internal', async () => {
  await using session = await runtime.createSession(extractGraph(wholeModel(), ['x', 'z'], ['y', 'middle']));
  expect(await session.run({ x: vector(1, 1), z: vector(1, 2) })).toEqual({ y: vector(4, 5), middle: vector(3, 3) });
});

test('refuses unknown names and inputs that are not enough', () => {
  expect(() => extractGraph(wholeModel(), ['x'], ['nothing'])).toThrow('the ONNX model has no value "nothing"');
  expect(() => extractGraph(wholeModel(), ['middle'], ['y'])).toThrow('y also depends on: z');
});
