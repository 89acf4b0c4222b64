/** BottleNet++ as it is deployed: bytes of pictures, and logits of what was received. */

import { elementCount, pickTensor, type TensorMap, tensor } from '../../../../core/tensor/index.ts';
import { quantizeStraightThrough } from '../../../autodiff/index.ts';
import { createGraph, input, mulScalar, output, type Value } from '../../../graph/index.ts';
import {
  type BottlenetShape,
  constantParameters,
  decodeBottlenet,
  encodeBottlenet,
  largestLevel,
  latentShapeOf,
  populationNormalization,
} from '../../../networks/index.ts';
import { forwardMaps, forwardRows, rowsOfMaps, type StepContext, type Tail } from '../../../training/index.ts';

/** What is sent of a latent in [0, 1]: whole numbers from 0 to 255; on the way back it is the identity times 255. */
export const sentLevels = (latent: Value): Value =>
  quantizeStraightThrough(mulScalar(latent, largestLevel), 0, largestLevel);

/** The latent that the decoder is given for what it received, 0 to 255. */
export const receivedOf = (levels: Value): Value => mulScalar(levels, 1 / largestLevel);

/** A trained BottleNet++ in front of its tail. */
export interface TrainedBottlenet {
  readonly shape: BottlenetShape;
  /** Trained parameters and the statistics of the batch norms. */
  readonly tensors: TensorMap;
  readonly tail: Tail;
}

/** Latents of some samples as they are sent, in their order, each `uint8[k h w]`. */
export async function levelsOf(
  context: StepContext,
  { shape, tensors }: Pick<TrainedBottlenet, 'shape' | 'tensors'>,
  samples: readonly number[],
): Promise<Uint8Array[]> {
  const length = elementCount(latentShapeOf(shape));
  const levels: Uint8Array[] = [];
  await forwardMaps(
    context,
    samples,
    (maps) => {
      const parameters = constantParameters(maps.graph, tensors);
      return { levels: sentLevels(encodeBottlenet(maps, shape, parameters, populationNormalization(parameters))) };
    },
    (outputs) => {
      const { data } = pickTensor(outputs, 'levels', 'float32');
      for (let i = 0; i < data.length; i += length) levels.push(Uint8Array.from(data.subarray(i, i + length)));
    },
  );
  return levels;
}

/** Logits of what the edge received, `float32[received.length, classes]`. */
export function logitsOfReceived(
  context: StepContext,
  { shape, tensors, tail }: TrainedBottlenet,
  received: readonly ArrayLike<number>[],
): Promise<Float32Array> {
  const { set, runtime, signal } = context;
  const latentShape = latentShapeOf(shape);
  const length = elementCount(latentShape);
  const graph = createGraph('bottlenet edge');
  const parameters = constantParameters(graph, tensors);
  const levels = input(graph, 'levels', 'float32', ['N', ...latentShape]);
  const restored = decodeBottlenet(receivedOf(levels), shape, parameters, populationNormalization(parameters));
  output('logits', tail.logits(restored));
  return forwardRows({
    runtime,
    graph,
    samples: received.map((_, i) => i),
    batchSize: 32,
    inputs: (batch) => {
      const data = new Float32Array(batch.length * length);
      batch.forEach((sample, i) => {
        data.set(received[sample] as ArrayLike<number>, i * length);
      });
      return { levels: tensor('float32', [batch.length, ...latentShape], data) };
    },
    outputName: 'logits',
    width: set.classes,
    signal,
  });
}

/** Logits of some samples, device and edge in one graph: the values of `levelsOf` and `logitsOfReceived`, without bytes. */
export function bottlenetLogits(
  context: StepContext,
  { shape, tensors, tail }: TrainedBottlenet,
  samples: readonly number[],
): Promise<Float32Array> {
  return rowsOfMaps(context, samples, context.set.classes, (maps) => {
    const parameters = constantParameters(maps.graph, tensors);
    const normalize = populationNormalization(parameters);
    const levels = sentLevels(encodeBottlenet(maps, shape, parameters, normalize));
    return tail.logits(decodeBottlenet(receivedOf(levels), shape, parameters, normalize));
  });
}
