/** A graph as an ONNX model: opset 17, IR version 8, weights inside. Only what the outputs need is written. */

import onnxProto from 'onnx-proto';
import { GraphError } from '../../core/errors.ts';
import type { DType, Tensor } from '../../core/tensor/index.ts';
import type { Graph, Node, Value } from './graph.ts';
import type { Dim, OpAttributes, OpType } from './op-attributes.ts';

const { onnx } = onnxProto;
const { AttributeType } = onnx.AttributeProto;

const dataTypes: { readonly [D in DType]: number } = {
  float32: onnx.TensorProto.DataType.FLOAT,
  float16: onnx.TensorProto.DataType.FLOAT16,
  int32: onnx.TensorProto.DataType.INT32,
  int64: onnx.TensorProto.DataType.INT64,
  uint8: onnx.TensorProto.DataType.UINT8,
  bool: onnx.TensorProto.DataType.BOOL,
};

/** What ONNX wants of a node: attributes, and constants as further inputs. */
interface Lowered {
  readonly attributes?: Readonly<Record<string, number | string | readonly number[]>>;
  /** Names of float attributes among `attributes`; the others with a number are ints. */
  readonly floats?: readonly string[];
  readonly constantInputs?: readonly (Tensor | undefined)[];
}

const int64s = (values: readonly number[]): Tensor => ({
  dtype: 'int64',
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});
const float = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

/** Ops that differ from "attributes as they are"; ONNX's own defaults are written out all the same. */
const lowerings: { readonly [Op in OpType]?: (attributes: OpAttributes[Op]) => Lowered } = {
  Cast: ({ to }) => ({ attributes: { to: dataTypes[to] } }),
  Clip: ({ min, max }) => ({ constantInputs: [float(min), float(max)] }),
  Expand: ({ shape }) => ({ constantInputs: [int64s(shape)] }),
  Gemm: (attributes) => ({ attributes: { ...attributes }, floats: ['alpha', 'beta'] }),
  Pad: ({ pads, value }) => ({ constantInputs: [int64s(pads), float(value)] }),
  ReduceSum: ({ axes, keepdims }) => ({ attributes: { keepdims }, constantInputs: [int64s(axes)] }),
  Reshape: ({ shape }) => ({ constantInputs: [int64s(shape.map((size) => (typeof size === 'string' ? -1 : size)))] }),
  Slice: ({ starts, ends, axes, steps }) => ({
    constantInputs: [int64s(starts), int64s(ends), int64s(axes), int64s(steps)],
  }),
};

function lower(node: Node): Lowered {
  const lowering = lowerings[node.op] as ((attributes: Node['attributes']) => Lowered) | undefined;
  return lowering?.(node.attributes) ?? { attributes: { ...node.attributes } as Lowered['attributes'] & object };
}

function tensorProto(name: string, t: Tensor) {
  const bytes = new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength);
  return onnx.TensorProto.create({ name, dims: [...t.shape], dataType: dataTypes[t.dtype], rawData: bytes });
}

function valueInfo(name: string, value: Value) {
  const dim = (size: Dim) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size });
  const tensorType = { elemType: dataTypes[value.dtype], shape: { dim: value.shape.map(dim) } };
  return onnx.ValueInfoProto.create({ name, type: { tensorType } });
}

function attributeProto(name: string, value: number | string | readonly number[], isFloat: boolean) {
  if (typeof value === 'string') {
    return onnx.AttributeProto.create({ name, type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  }
  if (typeof value !== 'number')
    return onnx.AttributeProto.create({ name, type: AttributeType.INTS, ints: [...value] });
  return isFloat
    ? onnx.AttributeProto.create({ name, type: AttributeType.FLOAT, f: value })
    : onnx.AttributeProto.create({ name, type: AttributeType.INT, i: value });
}

/** Nodes that the outputs depend on, in order. */
function neededNodes(graph: Graph): Node[] {
  const needed = new Set<Node>();
  const pending = [...graph.outputs.values()];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    const node = value.producer;
    if (node === undefined || needed.has(node)) continue;
    needed.add(node);
    pending.push(...node.inputs);
  }
  return graph.nodes.filter((node) => needed.has(node));
}

/**
 * Serializes a graph to ONNX bytes.
 *
 * @param metadata - Strings kept in the model's `metadata_props`.
 * @throws {@link GraphError} when the graph has no output.
 */
export function serializeGraph(graph: Graph, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  if (graph.outputs.size === 0) throw new GraphError(`graph "${graph.name}" has no output`);
  const nodes = neededNodes(graph);
  const used = new Set<Value>([...nodes.flatMap((node) => node.inputs), ...graph.outputs.values()]);
  const initializers = graph.constants.filter((c) => used.has(c)).map((c) => tensorProto(c.name, c.constant as Tensor));
  const shared = new Map<string, string>();

  const constantInput = (t: Tensor): string => {
    const key = `${t.dtype} ${[...t.data].join(' ')}`;
    const known = shared.get(key);
    if (known !== undefined) return known;
    const name = `literal_${shared.size}`;
    shared.set(key, name);
    initializers.push(tensorProto(name, t));
    return name;
  };

  const nodeProtos = nodes.map((node) => {
    const { attributes = {}, floats = [], constantInputs = [] } = lower(node);
    return onnx.NodeProto.create({
      opType: node.op,
      name: `make_${(node.outputs[0] as Value).name}`,
      input: [
        ...node.inputs.map((v) => v.name),
        ...constantInputs.map((t) => (t === undefined ? '' : constantInput(t))),
      ],
      output: node.outputs.filter((v, i) => i === 0 || used.has(v)).map((v) => v.name),
      attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value, floats.includes(name))),
    });
  });

  // An output has a name of its own: an Identity keeps internal names and output names apart (and lets an input be one).
  const outputs = [...graph.outputs].map(([name, value]) => {
    if (name !== value.name) {
      nodeProtos.push(
        onnx.NodeProto.create({ opType: 'Identity', name: `output_${name}`, input: [value.name], output: [name] }),
      );
    }
    return valueInfo(name, value);
  });
  const outputNames = new Set(graph.outputs.keys());
  const model = onnx.ModelProto.create({
    irVersion: 8,
    producerName: 'aecnn',
    opsetImport: [{ domain: '', version: 17 }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: graph.name,
      node: nodeProtos,
      initializer: initializers,
      input: graph.inputs.map((v) => valueInfo(v.name, v)),
      output: outputs,
      valueInfo: nodes.flatMap((node) =>
        node.outputs.filter((v) => used.has(v) && !outputNames.has(v.name)).map((v) => valueInfo(v.name, v)),
      ),
    },
  });
  return onnx.ModelProto.encode(model).finish();
}
