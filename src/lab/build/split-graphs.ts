/** The three graphs of a split model, from the backbone's weights and trained tensors. */

import { ModelError } from '../../core/errors.ts';
import { pickTensor, type TensorMap } from '../../core/tensor/index.ts';
import { createGraph, type Graph, input, named, output, reduceMean } from '../graph/index.ts';
import {
  applyGates,
  attentionGates,
  type CompressorShape,
  classifier,
  constantConvolutions,
  constantParameters,
  decodeFeatures,
  encodeFeatures,
  type FoldedConvolutions,
  front,
  imageSize,
  latentSize,
  readShape,
  tail,
} from '../networks/index.ts';
import type { TrainedModel, TrainedNotes } from './trained-model.ts';

/** Name of the feature map inside `device.onnx`, `float32[N, C, H, W]`: the positions that the tail reads. */
export const featureMapName = 'feature_map';

/** Name of the restored feature map inside `edge.onnx`, of the same shape. */
export const restoredFeatureMapName = 'restored_feature_map';

/** Shape of a trained model's compressor. */
export function compressorShapeOf(notes: TrainedNotes): CompressorShape {
  return {
    featureShape: readShape(notes.split),
    selectedChannels: notes.selectedChannels,
    latentChannels: notes.latentChannels,
    decoderWidth: notes.decoderWidth,
  };
}

/** The backbone's convolutions, but for those that the training replaced (`<name>/weights` among its tensors). */
export function withFineTuned(folded: FoldedConvolutions, tensors: TensorMap): FoldedConvolutions {
  return (name) =>
    tensors[`${name}/weights`] === undefined
      ? folded(name)
      : {
          weights: pickTensor(tensors, `${name}/weights`, 'float32'),
          bias: pickTensor(tensors, `${name}/bias`, 'float32'),
        };
}

/**
 * `device.onnx`: the network up to the split point, attention and feature encoder.
 *
 * `image` `uint8[N, 224, 224, 3]` (RGB) to `latent` `float32[N, k, 7, 7]` in units of the quantizer's step, and `pooled`
 * `float32[N, C]`, the mean of each feature channel over the positions that the tail reads.
 */
export function deviceGraph({ notes, tensors }: TrainedModel, folded: FoldedConvolutions): Graph {
  const graph = createGraph('device');
  const parameters = constantParameters(graph, tensors);
  const image = input(graph, 'image', 'uint8', ['N', imageSize, imageSize, 3]);
  const featureMap = named(front(image, notes.split, constantConvolutions(graph, folded), 'read'), featureMapName);
  const gated = applyGates(featureMap, attentionGates(featureMap, parameters));
  output('latent', encodeFeatures(gated, compressorShapeOf(notes), parameters));
  output('pooled', reduceMean(featureMap, [2, 3], 0));
  return graph;
}

/** `edge.onnx`: feature decoder, the rest of the network, classifier. `latent` `float32[N, k, 7, 7]` to `logits`. */
export function edgeGraph({ notes, tensors }: TrainedModel, folded: FoldedConvolutions): Graph {
  const graph = createGraph('edge');
  const parameters = constantParameters(graph, tensors);
  const latent = input(graph, 'latent', 'float32', ['N', notes.latentChannels, latentSize, latentSize]);
  const restored = named(decodeFeatures(latent, compressorShapeOf(notes), parameters), restoredFeatureMapName);
  const convolutions = constantConvolutions(graph, withFineTuned(folded, tensors));
  const pooled = tail(restored, notes.split, convolutions);
  output('logits', classifier(pooled, parameters('classifier/weights'), parameters('classifier/bias')));
  return graph;
}

/** `fallback.onnx`: the device's own classifier. `pooled` `float32[N, C]` to calibrated `logits`. */
export function fallbackGraph({ notes, tensors }: TrainedModel): Graph {
  const graph = createGraph('fallback');
  const parameters = constantParameters(graph, tensors);
  const pooled = input(graph, 'pooled', 'float32', ['N', readShape(notes.split)[0]]);
  const weights = parameters('fallback/weights');
  if (weights.shape[1] !== notes.classes.length) {
    throw new ModelError(`the fallback classifier has ${weights.shape[1]} classes, the model ${notes.classes.length}`);
  }
  output('logits', classifier(pooled, weights, parameters('fallback/bias')));
  return graph;
}
