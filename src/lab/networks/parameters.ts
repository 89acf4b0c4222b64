/**
 * Parameters of a network by name. The network is written once: whoever builds a graph decides whether a name stands for
 * a constant (deployment) or an input (training).
 */

import { ModelError } from '../../core/errors.ts';
import type { Shape, TensorMap } from '../../core/tensor/index.ts';
import { constant, type Graph, type Value } from '../graph/index.ts';

/** Looks up the value of a parameter in the graph under construction. */
export type Parameters = (name: string) => Value;

/** Shapes of parameters by name. */
export type ParameterShapes = Readonly<Record<string, Shape>>;

/** Parameters as constants of a graph; each becomes a constant once. @throws {@link ModelError} when one is missing. */
export function constantParameters(graph: Graph, tensors: TensorMap): Parameters {
  const made = new Map<string, Value>();
  return (name) => {
    const data = tensors[name];
    if (data === undefined) throw new ModelError(`the trained tensors hold no "${name}"`);
    const value = made.get(name) ?? constant(graph, data, name);
    made.set(name, value);
    return value;
  };
}
