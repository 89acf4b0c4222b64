/** Gradient of Gather: what was picked at a position is added up there. */

import { type Tensor, tensor } from '../../core/tensor/index.ts';
import {
  constant,
  expand,
  gather,
  pad,
  reshape,
  scalarConstant,
  scatterElements,
  staticShape,
} from '../graph/index.ts';
import { type GradientRule, inputAt } from './gradient-rule.ts';

/** For each of `size` positions, which index picked it, or `indices.length` for none; `undefined` when two picked one. */
function invert(indices: Tensor, size: number): number[] | undefined {
  const count = indices.data.length;
  const pickedBy = Array<number>(size).fill(count);
  for (let i = 0; i < count; i++) {
    const index = Number(indices.data[i]);
    const at = index < 0 ? index + size : index;
    if (pickedBy[at] !== count) return undefined;
    pickedBy[at] = i;
  }
  return pickedBy;
}

/** Rule of `Gather`. Constant indices without repetition go back as another Gather, which is faster than a scatter. */
export const gatherGradient: GradientRule<'Gather'> = (node, g) => {
  const [x, indices] = [inputAt(node, 0), inputAt(node, 1)];
  return [
    () => {
      const shape = staticShape(x);
      const axis = node.attributes.axis < 0 ? node.attributes.axis + shape.length : node.attributes.axis;
      const size = shape[axis] as number;
      const count = staticShape(indices).reduce((product, n) => product * n, 1);
      const picked = shape.map((n, i) => (i === axis ? count : n));
      const updates = reshape(g, picked);
      const pickedBy = indices.constant && invert(indices.constant, size);
      if (pickedBy !== undefined) {
        const pads = [...shape.map(() => 0), ...shape.map((_, i) => (i === axis ? 1 : 0))];
        const source = pickedBy.includes(count) ? pad(updates, pads) : updates;
        return gather(source, constant(g.graph, tensor('int64', [size], BigInt64Array.from(pickedBy, BigInt))), axis);
      }
      const positions = reshape(
        indices,
        shape.map((_, i) => (i === axis ? count : 1)),
      );
      const zeros = expand(scalarConstant(g.graph, 0), shape);
      return scatterElements(zeros, expand(positions, picked), updates, { axis, reduction: 'add' });
    },
  ];
};
