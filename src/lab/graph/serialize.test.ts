import onnxProto from 'onnx-proto';
import { expect, test } from 'vitest';
import { tensor } from '../../core/tensor/index.ts';
import { createNodeRuntime } from '../../runtime/node.ts';
import { constant, createGraph, type Graph, input, output } from './graph.ts';
import { add, clip, mul, relu, reshape, slice } from './ops.ts';
import { serializeGraph } from './serialize.ts';

function exampleGraph(): Graph {
  const graph = createGraph('example');
  const x = input(graph, 'x', 'float32', ['N', 4]);
  const weights = constant(graph, tensor('float32', [4], Float32Array.of(1, 2, 3, 4)), 'weights');
  const y = mul(x, weights);
  // Twice the same literals: they are stored once.
  const part = add(slice(y, 1, 0, 2), slice(x, 1, 0, 2));
  add(relu(y), constant(graph, tensor('float32', [4], new Float32Array(4)), 'unused'));
  output('part', clip(reshape(part, ['N', 2]), -1, 1));
  output('same_input', x);
  return graph;
}

test('the same graph gives the same bytes', () => {
  expect(serializeGraph(exampleGraph(), { b: '2', a: '1' })).toEqual(
    serializeGraph(exampleGraph(), { b: '2', a: '1' }),
  );
});

test('is an ONNX model of IR 8 and opset 17 with only what the outputs need', () => {
  const model = onnxProto.onnx.ModelProto.decode(serializeGraph(exampleGraph(), { made: 'here' }));
  expect(Number(model.irVersion)).toBe(8);
  expect(model.opsetImport?.map(({ domain, version }) => [domain, Number(version)])).toEqual([['', 17]]);
  expect(model.metadataProps?.map(({ key, value }) => [key, value])).toEqual([['made', 'here']]);
  const ops = model.graph?.node?.map(({ opType }) => opType);
  expect(ops).toEqual(['Mul', 'Slice', 'Slice', 'Add', 'Reshape', 'Clip', 'Identity', 'Identity']);
  const constants = model.graph?.initializer?.map(({ name }) => name) ?? [];
  expect(constants).toContain('weights');
  expect(constants).not.toContain('unused');
  expect(new Set(constants).size).toBe(constants.length);
  // Internal values carry their types, so that the model can be cut anywhere.
  const typed = new Set(model.graph?.valueInfo?.map(({ name }) => name));
  const made = (model.graph?.node ?? []).flatMap(({ output: names }) => names ?? []);
  expect(made.filter((name) => !typed.has(name))).toEqual(['part', 'same_input']);
});

test('runs, with an open batch axis', async () => {
  await using session = await (await createNodeRuntime({ worker: false })).createSession(
    serializeGraph(exampleGraph()),
  );
  for (const rows of [1, 3]) {
    const x = tensor(
      'float32',
      [rows, 4],
      Float32Array.from({ length: 4 * rows }, (_, i) => i / 16),
    );
    const { part, same_input } = await session.run({ x });
    expect(same_input).toEqual(x);
    const expected = Array.from({ length: rows }, (_, row) => [(2 * 4 * row) / 16, (3 * (4 * row + 1)) / 16]).flat();
    expect(part).toEqual(
      tensor(
        'float32',
        [rows, 2],
        Float32Array.from(expected, (v) => Math.min(1, v)),
      ),
    );
  }
});

test('a graph without an output is refused', () => {
  expect(() => serializeGraph(createGraph('empty'))).toThrow('graph "empty" has no output');
});
