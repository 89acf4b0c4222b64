/** Cuts a piece out of a serialized ONNX model, by value names, as `onnx.utils.extract_model` does. */

import onnxProto from 'onnx-proto';
import { GraphError } from '../../core/errors.ts';

const { onnx } = onnxProto;

/**
 * Extracts the part of a model between some values.
 *
 * @param bytes - An ONNX model whose internal values carry their types, such as `serializeGraph` writes.
 * @param inputNames - Values that become the inputs; constants stay inside.
 * @param outputNames - Values that become the outputs.
 * @throws {@link GraphError} when a name is unknown, or the outputs depend on an input that is not named.
 */
export function extractGraph(
  bytes: Uint8Array,
  inputNames: readonly string[],
  outputNames: readonly string[],
): Uint8Array {
  const model = onnx.ModelProto.decode(bytes);
  const graph = model.graph;
  if (!graph) throw new GraphError('the ONNX model has no graph');
  const types = new Map(
    [...(graph.input ?? []), ...(graph.output ?? []), ...(graph.valueInfo ?? [])].map((info) => [
      info.name ?? '',
      info,
    ]),
  );
  const typeOf = (name: string) => {
    const info = types.get(name);
    if (info === undefined) throw new GraphError(`the ONNX model has no value "${name}"`);
    return info;
  };
  const producers = new Map(
    (graph.node ?? []).flatMap((node) => (node.output ?? []).map((name) => [name, node] as const)),
  );
  const given = new Set(inputNames);
  const needed = new Set<unknown>();
  const usedNames = new Set<string>(outputNames);
  const pending = [...outputNames];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const node = given.has(name) ? undefined : producers.get(name);
    if (node === undefined || needed.has(node)) continue;
    needed.add(node);
    for (const inputName of node.input ?? []) {
      usedNames.add(inputName);
      pending.push(inputName);
    }
  }
  const missing = (graph.input ?? [])
    .map((v) => v.name ?? '')
    .filter((name) => usedNames.has(name) && !given.has(name));
  if (missing.length > 0) throw new GraphError(`${outputNames.join(', ')} also depends on: ${missing.join(', ')}`);
  const extracted = onnx.ModelProto.create({
    ...model,
    graph: {
      name: graph.name ?? '',
      node: (graph.node ?? []).filter((node) => needed.has(node)),
      initializer: (graph.initializer ?? []).filter((t) => usedNames.has(t.name ?? '')),
      input: inputNames.map(typeOf),
      output: outputNames.map(typeOf),
      valueInfo: (graph.valueInfo ?? []).filter(
        (v) => usedNames.has(v.name ?? '') && !given.has(v.name ?? '') && !outputNames.includes(v.name ?? ''),
      ),
    },
  });
  return onnx.ModelProto.encode(extracted).finish();
}
