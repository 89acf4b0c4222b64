/** The tail and classifier behind a split, as a step of training sees them: frozen constants, or trained. */

import type { SplitPoint } from '../../core/model/index.ts';
import { pickTensor, type Tensor, type TensorMap } from '../../core/tensor/index.ts';
import { withFineTuned } from '../build/index.ts';
import { constant, type Value } from '../graph/index.ts';
import {
  beforeLastStage,
  classifier,
  constantConvolutions,
  convolutionNames,
  type FoldedConvolutions,
  fromChannelsLastWeights,
  meanOfPositions,
  type Parameters,
  tail,
  toChannelsLast,
  toChannelsLastWeights,
  trainableStage,
} from '../networks/index.ts';

/** From a restored feature map, `float32[N, C, H, W]`, to logits, `float32[N, classes]`. */
export interface Tail {
  readonly logits: (featureMap: Value) => Value;
}

/**
 * A frozen tail with a trained classifier: all weights are constants, which ONNX Runtime runs fastest.
 *
 * @param trained - Holds `classifier/...`, and the convolutions of conv5_x if they were fine-tuned.
 */
export function frozenTail(split: SplitPoint, folded: FoldedConvolutions, trained: TensorMap): Tail {
  return {
    logits: (featureMap) => {
      const { graph } = featureMap;
      const pooled = tail(featureMap, split, constantConvolutions(graph, withFineTuned(folded, trained)));
      const weights = constant(graph, pickTensor(trained, 'classifier/weights', 'float32'), 'classifier/weights');
      const bias = constant(graph, pickTensor(trained, 'classifier/bias', 'float32'), 'classifier/bias');
      return classifier(pooled, weights, bias);
    },
  };
}

/**
 * Parameters of a tail whose last stage is trained: conv5_x in the layout of its matrix products, and the classifier.
 *
 * @param trained - Holds `classifier/...`, and conv5_x if it was trained before.
 */
export function lastStageParameters(folded: FoldedConvolutions, trained: TensorMap): TensorMap {
  const convolutions = withFineTuned(folded, trained);
  const stage = convolutionNames('conv5_x').flatMap((name): [string, Tensor][] => {
    const { weights, bias } = convolutions(name);
    return [
      [`${name}/weights`, toChannelsLastWeights(weights)],
      [`${name}/bias`, bias],
    ];
  });
  const layer = ['classifier/weights', 'classifier/bias'].map((name): [string, Tensor] => [
    name,
    pickTensor(trained, name, 'float32'),
  ]);
  return Object.fromEntries([...stage, ...layer]);
}

/** Whether a parameter belongs to `lastStageParameters`. */
export const isLastStageParameter = (name: string): boolean => /^(5[abc]_branch|classifier\/)/.test(name);

/** A fine-tuned last stage moves slowly: the share of the learning rate that it gets. */
export const tailLearningRate = 0.1;

/** The parameters that do not belong to `lastStageParameters`: the compressor's. */
export const withoutLastStage = (parameters: TensorMap): TensorMap =>
  Object.fromEntries(Object.entries(parameters).filter(([name]) => !isLastStageParameter(name)));

/** Turns trained values of `lastStageParameters` into convolutions again, `<name>/weights` in `[O, I, kH, kW]`. */
export function lastStageTensors(folded: FoldedConvolutions, parameters: TensorMap): TensorMap {
  const chosen = Object.entries(parameters).filter(([name]) => isLastStageParameter(name));
  return Object.fromEntries(
    chosen.map(([name, t]): [string, Tensor] => {
      const [convolution = '', kind] = name.split('/');
      if (convolution === 'classifier' || kind === 'bias') return [name, t];
      const [, , height = 1, width = 1] = folded(convolution).weights.shape;
      return [name, fromChannelsLastWeights(pickTensor(parameters, name, 'float32'), [height, width])];
    }),
  );
}

/** A tail whose last stage and classifier are parameters of the graph; what lies before them is frozen. */
export function trainableTail(split: SplitPoint, folded: FoldedConvolutions, parameters: Parameters): Tail {
  return {
    logits: (featureMap) => {
      const { graph } = featureMap;
      const read = beforeLastStage(featureMap, split, constantConvolutions(graph, folded));
      const map = trainableStage(toChannelsLast(read), 'conv5_x', (name) => ({
        weights: parameters(`${name}/weights`),
        bias: parameters(`${name}/bias`),
      }));
      return classifier(meanOfPositions(map), parameters('classifier/weights'), parameters('classifier/bias'));
    },
  };
}
