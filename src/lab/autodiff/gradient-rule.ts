/** What a row of the table of gradient rules is, and the factories that most rows are made with. */

import { GraphError } from '../../core/errors.ts';
import type { Node, OpAttributes, OpType, Value } from '../graph/index.ts';

/** Makes the gradient of the loss by one input of a node when called. */
export type InputGradient = () => Value;

/**
 * The derivative of one op: from a node and the gradient of the loss by its first output to the gradients by its inputs.
 * `undefined` for an input means that its gradient is zero. A result may still be broadcast: it is summed to the shape of
 * its input by the caller.
 */
export type GradientRule<Op extends OpType> = (node: Node<Op>, g: Value) => readonly (InputGradient | undefined)[];

/** An op through which no gradient can be taken, and why. */
export interface NotDifferentiable {
  readonly notDifferentiable: string;
}

/** Input of a node by position. @throws {@link GraphError} when the node has fewer. */
export function inputAt(node: Node, index: number): Value {
  const value = node.inputs[index];
  if (value === undefined) throw new GraphError(`${node.op} has no input ${index}`);
  return value;
}

/** Rule of an op `y = f(x)`. */
export const unary =
  <Op extends OpType>(
    derivative: (g: Value, x: Value, y: Value, attributes: OpAttributes[Op]) => Value,
  ): GradientRule<Op> =>
  (node, g) => [() => derivative(g, inputAt(node as Node, 0), node.outputs[0] as Value, node.attributes)];

/** Rule of an op `y = f(a, b)`, with one derivative an input. */
export const binary =
  <Op extends OpType>(
    byA: (g: Value, a: Value, b: Value, y: Value) => Value,
    byB: (g: Value, a: Value, b: Value, y: Value) => Value,
  ): GradientRule<Op> =>
  (node, g) => {
    const [a, b, y] = [inputAt(node as Node, 0), inputAt(node as Node, 1), node.outputs[0] as Value];
    return [() => byA(g, a, b, y), () => byB(g, a, b, y)];
  };

/** Rule of an op whose derivative is zero wherever it exists. */
export const zeroGradient = (): readonly undefined[] => [];
