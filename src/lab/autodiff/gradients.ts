/**
 * Reverse-mode differentiation of a graph: walks the nodes between some values and a scalar loss backward, and appends the
 * nodes that compute the gradients to the same graph (Griewank and Walther, "Evaluating Derivatives", chapter 3).
 *
 * The one twist: a rule answers with one function an input, and only those are called whose input depends on a value that
 * is differentiated for. So a frozen weight costs nothing, and no dead node is made.
 */

import { GraphError, ShapeError, UnsupportedOpError } from '../../core/errors.ts';
import {
  add,
  constant,
  expand,
  type Node,
  type OpType,
  scalarConstant,
  staticShape,
  type Value,
} from '../graph/index.ts';
import { sumTo } from './broadcast.ts';
import type { GradientRule, NotDifferentiable } from './gradient-rule.ts';
import { gradientRules } from './gradient-rules.ts';
import { isGradientStopped } from './straight-through.ts';

/** Values that depend on one of `wrt`, `wrt` included; nothing depends on anything through a stopped gradient. */
function dependents(nodes: readonly Node[], wrt: readonly Value[]): Set<Value> {
  const found = new Set(wrt);
  for (const node of nodes) {
    if (!node.inputs.some((value) => found.has(value))) continue;
    for (const value of node.outputs) if (!isGradientStopped(value)) found.add(value);
  }
  return found;
}

/** Gradient of the loss by the first output of a node, carried on to one input; `undefined`: it is zero. */
function inputGradient(node: Node, index: number, gradient: Value): Value | undefined {
  const rule = gradientRules[node.op] as GradientRule<OpType> | NotDifferentiable;
  if ('notDifferentiable' in rule) {
    const name = node.outputs[0]?.name ?? '';
    throw new UnsupportedOpError(
      `${node.op} (makes "${name}") has no gradient: ${rule.notDifferentiable}. Wrap its result in stopGradient to treat it as a constant`,
    );
  }
  return rule(node, gradient)[index]?.();
}

/**
 * Appends the gradients of a scalar loss to its graph.
 *
 * @param loss - One element, `float32`.
 * @param wrt - Inputs, constants or inner values of the same graph to differentiate for.
 * @returns One value for each of `wrt`, of its shape and dtype; zeros where the loss does not depend on it.
 * @throws {@link ShapeError} when the loss has more than one element, or an op that needs fixed sizes has an open axis.
 * @throws {@link GraphError} when a value belongs to another graph.
 * @throws {@link UnsupportedOpError} when a gradient is needed through an op that has none; the message says why.
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  const { graph } = loss;
  if (loss.shape.some((size) => size !== 1)) {
    throw new ShapeError(`the loss "${loss.name}" must be one number, it has shape [${loss.shape.join(', ')}]`);
  }
  const stranger = wrt.find((value) => value.graph !== graph);
  if (stranger) throw new GraphError(`"${stranger.name}" does not belong to the graph "${graph.name}" of the loss`);

  const nodes = [...graph.nodes];
  const differentiated = dependents(nodes, wrt);
  const found = new Map<Value, Value>();
  if (differentiated.has(loss)) {
    const size = loss.shape.map(() => 1);
    found.set(loss, constant(graph, { dtype: 'float32', shape: size, data: Float32Array.of(1) }));
  }
  for (const node of nodes.reverse()) {
    const y = node.outputs[0] as Value;
    const gradient = found.get(y);
    if (gradient === undefined || isGradientStopped(y)) continue;
    node.inputs.forEach((x, index) => {
      if (!differentiated.has(x)) return;
      const contribution = inputGradient(node, index, gradient);
      if (contribution === undefined) return;
      const fitted = sumTo(contribution, x.shape);
      const others = found.get(x);
      found.set(x, others === undefined ? fitted : add(others, fitted));
    });
  }
  return wrt.map((value) => found.get(value) ?? expand(scalarConstant(graph, 0), staticShape(value)));
}
