export { extractGraph } from './extract.ts';
export {
  apply,
  constant,
  createGraph,
  type Graph,
  input,
  type Node,
  named,
  output,
  staticShape,
  type Value,
} from './graph.ts';
export type { Dim, OpAttributes, OpType, ValueType, WindowAttributes } from './op-attributes.ts';
export * from './ops.ts';
export { serializeGraph } from './serialize.ts';
export { type ConstantPrecision, shrinkConstants } from './shrink-constants.ts';
