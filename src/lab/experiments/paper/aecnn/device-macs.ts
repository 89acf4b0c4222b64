/** Multiply-accumulates of a graph: what a device computes for one picture. */

import type { SplitPoint } from '../../../../core/model/index.ts';
import type { TensorMap } from '../../../../core/tensor/index.ts';
import { createGraph, type Graph, input, type Node, staticShape, type Value } from '../../../graph/index.ts';
import {
  applyGates,
  attentionGates,
  type CompressorShape,
  constantConvolutions,
  constantParameters,
  encodeFeatures,
  type FoldedConvolutions,
  front,
  imageSize,
} from '../../../networks/index.ts';

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

function macsOf({ op, inputs, outputs, attributes }: Node): number {
  const sizes = (value: Value | undefined): readonly number[] => (value ? staticShape(value) : []);
  if (op === 'Conv') return product(sizes(outputs[0])) * product(sizes(inputs[1]).slice(1));
  if (op !== 'Gemm') return 0;
  const inner = sizes(inputs[0])[(attributes as { readonly transA: 0 | 1 }).transA === 1 ? 0 : 1];
  return product(sizes(outputs[0])) * (inner ?? 0);
}

/** Multiply-accumulates of the convolutions and matrix products of a graph whose axes are all known. */
export const countMacs = (graph: Graph): number => graph.nodes.reduce((sum, node) => sum + macsOf(node), 0);

/** Multiply-accumulates of the device for one picture: the network up to the split, attention, feature encoder. */
export function deviceMacs(
  split: SplitPoint,
  folded: FoldedConvolutions,
  shape: CompressorShape,
  tensors: TensorMap,
): number {
  const graph = createGraph('device');
  const image = input(graph, 'image', 'uint8', [1, imageSize, imageSize, 3]);
  const map = front(image, split, constantConvolutions(graph, folded), 'read');
  const parameters = constantParameters(graph, tensors);
  encodeFeatures(applyGates(map, attentionGates(map, parameters)), shape, parameters);
  return countMacs(graph);
}
