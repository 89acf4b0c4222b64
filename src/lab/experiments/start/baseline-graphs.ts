/**
 * The same network without compression, for the methods that AECNN is compared with.
 *
 * The classifier and the tail are those of the split model. The whole feature map is computed and sent as BottleNet++ and
 * others count it, although the tail reads only every second row and column of it (see `lab/networks`).
 */

import type { SplitPoint } from '../../../core/model/index.ts';
import { type TrainedModel, withFineTuned } from '../../build/index.ts';
import { createGraph, type Graph, input, output, slice, type Value } from '../../graph/index.ts';
import {
  classifier,
  constantConvolutions,
  constantParameters,
  type FoldedConvolutions,
  featureShape,
  front,
  imageSize,
  readShape,
  tail,
} from '../../networks/index.ts';

function answer(featureMap: Value, { notes, tensors }: TrainedModel, folded: FoldedConvolutions): void {
  const { graph } = featureMap;
  const parameters = constantParameters(graph, tensors);
  const pooled = tail(featureMap, notes.split, constantConvolutions(graph, withFineTuned(folded, tensors)));
  output('logits', classifier(pooled, parameters('classifier/weights'), parameters('classifier/bias')));
}

const imageInput = (graph: Graph) => input(graph, 'image', 'uint8', ['N', imageSize, imageSize, 3]);

/** The unsplit network: `image` `uint8[N, 224, 224, 3]` to `logits`. */
export function networkGraph(model: TrainedModel, folded: FoldedConvolutions): Graph {
  const graph = createGraph('network');
  const { split } = model.notes;
  answer(front(imageInput(graph), split, constantConvolutions(graph, folded), 'read'), model, folded);
  return graph;
}

/** The network up to the split point: `image` to the whole `feature_map`, `float32[N, C, H, W]`. */
export function featureMapGraph({ notes }: TrainedModel, folded: FoldedConvolutions): Graph {
  const graph = createGraph('feature_map');
  output('feature_map', front(imageInput(graph), notes.split, constantConvolutions(graph, folded), 'whole'));
  return graph;
}

/** The network from the split point on: the whole `feature_map` to `logits`. */
export function tailGraph(model: TrainedModel, folded: FoldedConvolutions): Graph {
  const graph = createGraph('tail');
  const { split } = model.notes;
  answer(readPositions(input(graph, 'feature_map', 'float32', ['N', ...featureShape(split)]), split), model, folded);
  return graph;
}

function readPositions(featureMap: Value, split: SplitPoint): Value {
  const [, height, width] = featureShape(split);
  const [, readHeight] = readShape(split);
  const step = height / readHeight;
  return step === 1 ? featureMap : slice(slice(featureMap, 2, 0, height, step), 3, 0, width, step);
}
