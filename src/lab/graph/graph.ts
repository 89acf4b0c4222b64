/**
 * A graph under construction: values, and nodes appended in topological order.
 *
 * Functions in `ops.ts` append nodes; the backward pass of `lab/autodiff` appends to the same graph; `serialize.ts` turns
 * it into an ONNX model. Shapes and dtypes are known at every value, from the rules in `shape-rules.ts`.
 */

import { GraphError } from '../../core/errors.ts';
import type { DType, Tensor } from '../../core/tensor/index.ts';
import type { Dim, OpAttributes, OpType } from './op-attributes.ts';
import { shapeRules } from './shape-rules.ts';

/** One tensor that flows through a graph: an input, a constant, or the output of a node. */
export interface Value {
  readonly graph: Graph;
  /** Unique in its graph. */
  name: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[];
  /** Data of a constant; absent for inputs and for outputs of nodes. */
  readonly constant?: Tensor;
  /** Node that makes this value; absent for inputs and constants. */
  readonly producer?: Node;
}

/** An op applied to values. */
export interface Node<Op extends OpType = OpType> {
  readonly op: Op;
  readonly inputs: readonly Value[];
  readonly attributes: OpAttributes[Op];
  readonly outputs: readonly Value[];
}

/** Inputs, constants, nodes in topological order, and outputs by name. */
export interface Graph {
  readonly name: string;
  readonly inputs: Value[];
  readonly constants: Value[];
  readonly nodes: Node[];
  readonly outputs: Map<string, Value>;
  /** All names in use. */
  readonly names: Set<string>;
}

/** Makes an empty graph. */
export function createGraph(name: string): Graph {
  return { name, inputs: [], constants: [], nodes: [], outputs: new Map(), names: new Set() };
}

function claimName(graph: Graph, name: string): string {
  if (graph.names.has(name)) throw new GraphError(`graph "${graph.name}" already has a value named "${name}"`);
  graph.names.add(name);
  return name;
}

function freshName(graph: Graph, stem: string): string {
  for (let i = graph.names.size; ; i++) {
    const name = `${stem}_${i}`;
    if (!graph.names.has(name)) return claimName(graph, name);
  }
}

/** Adds an input. A size given by name (`'N'`) is known only when the graph runs. */
export function input(graph: Graph, name: string, dtype: DType, shape: readonly Dim[]): Value {
  const value: Value = { graph, name: claimName(graph, name), dtype, shape };
  graph.inputs.push(value);
  return value;
}

/** Adds a constant; without a name it gets a fresh one. */
export function constant(graph: Graph, data: Tensor, name?: string): Value {
  const unique = name === undefined ? freshName(graph, 'constant') : claimName(graph, name);
  const value: Value = { graph, name: unique, dtype: data.dtype, shape: data.shape, constant: data };
  graph.constants.push(value);
  return value;
}

/** Gives a value a name that readers of the ONNX file see; returns the value. */
export function named(value: Value, name: string): Value {
  claimName(value.graph, name);
  value.graph.names.delete(value.name);
  value.name = name;
  return value;
}

/** Makes a value an output of its graph under a name of its own. */
export function output(name: string, value: Value): void {
  if (value.graph.outputs.has(name))
    throw new GraphError(`graph "${value.graph.name}" already has an output "${name}"`);
  value.graph.outputs.set(name, value);
}

/**
 * Appends a node and returns its outputs.
 *
 * @throws {@link GraphError} when the inputs belong to different graphs, or there are none.
 * @throws {@link ShapeError} when the op does not take such inputs.
 */
export function apply<Op extends OpType>(
  op: Op,
  inputs: readonly Value[],
  attributes: OpAttributes[Op],
): readonly Value[] {
  const graph = inputs[0]?.graph;
  if (graph === undefined) throw new GraphError(`${op} needs at least one input`);
  if (inputs.some((value) => value.graph !== graph)) {
    throw new GraphError(
      `${op} has inputs of different graphs: ${inputs.map((v) => `${v.graph.name}/${v.name}`).join(', ')}`,
    );
  }
  const outputs: Value[] = [];
  const node: Node<Op> = { op, inputs, attributes, outputs };
  for (const type of shapeRules[op](inputs, attributes)) {
    outputs.push({ graph, name: freshName(graph, op), dtype: type.dtype, shape: type.shape, producer: node as Node });
  }
  graph.nodes.push(node as Node);
  return outputs;
}

/** Shape of a value as numbers. @throws {@link GraphError} when an axis is only known at run time. */
export function staticShape(value: Value): readonly number[] {
  return value.shape.map((size) => {
    if (typeof size === 'string')
      throw new GraphError(`"${value.name}" has the open axis ${size}; a fixed size is needed here`);
    return size;
  });
}
