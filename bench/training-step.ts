/**
 * The work that `bench/train.ts` measures: one training step of conv5_x and a classifier, batch norms folded into the
 * convolutions, as one ONNX graph, and the numbers that both sides start from.
 */

import { createRandom, elementCount, type Tensor, type TensorMap, tensor, zeros } from '../src/core/tensor/index.ts';
import { gradients, sgdMomentum, softmaxCrossEntropy } from '../src/lab/autodiff/index.ts';
import { createGraph, gemm, input, output, serializeGraph, staticShape } from '../src/lab/graph/index.ts';
import { meanOfPositions, toChannelsLast, toChannelsLastWeights, trainableStage } from '../src/lab/networks/index.ts';

/** Momentum and learning rate of both sides. */
export const momentum = 0.9;
export const learningRate = 1e-3;

const features = 2048;

/** Convolutions `[O, I, kH, kW]` in PyTorch's order of parameters (`bench/train.py`). */
const convolutions: readonly (readonly [name: string, shape: readonly [number, number, number, number]])[] = [
  ['5a_branch2a', [512, 1024, 1, 1]],
  ['5a_branch2b', [512, 512, 3, 3]],
  ['5a_branch2c', [2048, 512, 1, 1]],
  ['5a_branch1', [2048, 1024, 1, 1]],
  ...['5b', '5c'].flatMap(
    (name) =>
      [
        [`${name}_branch2a`, [512, 2048, 1, 1]],
        [`${name}_branch2b`, [512, 512, 3, 3]],
        [`${name}_branch2c`, [2048, 512, 1, 1]],
      ] as const,
  ),
];

/** Numbers that both sides start from: the input of conv5_x, then the parameters in PyTorch's order and layout. */
export interface StartingPoint {
  readonly images: Tensor<'float32'>;
  readonly parameters: Readonly<Record<string, Tensor<'float32'>>>;
}

/** Draws a starting point; weights are uniform within 1 / sqrt(inputs), as PyTorch initialises. */
export function drawStartingPoint(batch: number, classes: number): StartingPoint {
  const random = createRandom(0);
  const uniform = (shape: readonly number[], low: number, high: number) =>
    tensor(
      'float32',
      shape,
      Float32Array.from({ length: elementCount(shape) }, () => low + (high - low) * random.uniform()),
    );
  const layer = (name: string, shape: readonly number[]) => {
    const bound = 1 / Math.sqrt(elementCount(shape.slice(1)));
    return [
      [`${name}/weights`, uniform(shape, -bound, bound)],
      [`${name}/bias`, uniform(shape.slice(0, 1), -bound, bound)],
    ] as const;
  };
  return {
    images: uniform([batch, 1024, 14, 14], 0, 1),
    parameters: Object.fromEntries([
      ...convolutions.flatMap(([name, shape]) => layer(name, shape)),
      ...layer('classifier', [classes, features]),
    ]),
  };
}

/** A graph of one step, and what its inputs are fed with at the start. */
export interface TrainingStep {
  readonly model: Uint8Array;
  /** Constant from step to step. */
  readonly batch: TensorMap;
  /** Parameters and velocities; the output `new/<name>` is the next value of `<name>`. */
  readonly state: TensorMap;
}

/** Builds the step: forward, cross-entropy, gradients, SGD with momentum. */
export function buildTrainingStep(start: StartingPoint): TrainingStep {
  const classes = start.parameters['classifier/bias']?.shape[0] ?? 0;
  const batch = start.images.shape[0] ?? 0;
  const graph = createGraph('training_step');
  const images = input(graph, 'images', 'float32', start.images.shape);
  const targets = input(graph, 'targets', 'float32', [batch, classes]);
  const scalars = {
    learningRate: input(graph, 'learning_rate', 'float32', []),
    step: input(graph, 'step', 'float32', []),
  };
  const tensors = Object.fromEntries(
    Object.entries(start.parameters).map(([name, t]) => [name, t.shape.length === 4 ? toChannelsLastWeights(t) : t]),
  );
  const values = new Map(Object.entries(tensors).map(([name, t]) => [name, input(graph, name, 'float32', t.shape)]));
  const parameterOf = (name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new TypeError(`no parameter "${name}"`);
    return value;
  };
  const layer = (name: string) => ({ weights: parameterOf(`${name}/weights`), bias: parameterOf(`${name}/bias`) });

  const pooled = meanOfPositions(trainableStage(toChannelsLast(images, 2), 'conv5_x', layer));
  const classifier = layer('classifier');
  const logits = gemm(pooled, classifier.weights, classifier.bias, { transB: 1 });
  const loss = softmaxCrossEntropy(logits, targets);
  const optimizer = sgdMomentum({ momentum });
  const slopes = gradients(loss, [...values.values()]);
  const velocities: Record<string, Tensor> = {};
  [...values].forEach(([name, parameter], i) => {
    const key = `velocity/${name}`;
    const velocity = input(graph, key, 'float32', parameter.shape);
    velocities[key] = zeros('float32', staticShape(parameter));
    const slope = slopes[i];
    if (slope === undefined) throw new TypeError(`no gradient of "${name}"`);
    const update = optimizer.update(parameter, slope, [velocity], scalars);
    output(`new/${name}`, update.parameter);
    for (const state of update.states) output(`new/${key}`, state);
  });
  output('loss', loss);

  const oneHot = zeros('float32', [batch, classes]);
  for (let i = 0; i < batch; i++) oneHot.data[i * classes + (i % classes)] = 1;
  return {
    model: serializeGraph(graph),
    batch: {
      images: start.images,
      targets: oneHot,
      learning_rate: tensor('float32', [], Float32Array.of(learningRate)),
      step: tensor('float32', [], Float32Array.of(1)),
    },
    state: { ...tensors, ...velocities },
  };
}
