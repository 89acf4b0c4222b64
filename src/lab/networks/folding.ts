/** Folds batch norms into convolutions, and Keras' layouts into ONNX's. */

import { ModelError } from '../../core/errors.ts';
import { type Tensor, type TensorMap, tensor } from '../../core/tensor/index.ts';

/** Weights `float32[O, I, kH, kW]` and bias `float32[O]`. */
export interface FoldedConvolution {
  readonly weights: Tensor<'float32'>;
  readonly bias: Tensor<'float32'>;
}

/** Looks up a folded convolution by Keras' name without `res`, such as `4a_branch2b`; `conv1` for the first. */
export type FoldedConvolutions = (name: string) => FoldedConvolution;

/** Epsilon of the batch norms, as in the `model.json` of the weights. */
const epsilon = 1e-3;

/**
 * Folds `gamma * (conv(x) + bias - mean) / sqrt(variance + epsilon) + beta` into one convolution.
 *
 * conv1's input channels are turned from Keras' BGR to RGB, so that nothing else has to know of BGR.
 *
 * @param keras - Weights by Keras' names: `res4a_branch2b/kernel` in `[kH, kW, I, O]`, `bn4a_branch2b/gamma` and so on.
 * @throws {@link ModelError} when a tensor is missing.
 */
export function foldBatchNorms(keras: TensorMap): FoldedConvolutions {
  const known = new Map<string, FoldedConvolution>();
  const take = (name: string): Tensor<'float32'> => {
    const found = keras[name];
    if (found?.dtype !== 'float32') throw new ModelError(`the ResNet-50 weights hold no float32 tensor "${name}"`);
    return found as Tensor<'float32'>;
  };
  return (name) => {
    const folded = known.get(name) ?? fold(name, take);
    known.set(name, folded);
    return folded;
  };
}

function fold(name: string, take: (name: string) => Tensor<'float32'>): FoldedConvolution {
  const first = name === 'conv1';
  const convName = first ? 'conv1' : `res${name}`;
  const bnName = first ? 'bn_conv1' : `bn${name}`;
  const kernel = take(`${convName}/kernel`);
  const [height = 0, width = 0, inputs = 0, outputs = 0] = kernel.shape;
  const [convBias, gamma, beta, mean, variance] = [
    take(`${convName}/bias`).data,
    take(`${bnName}/gamma`).data,
    take(`${bnName}/beta`).data,
    take(`${bnName}/moving_mean`).data,
    take(`${bnName}/moving_variance`).data,
  ];
  const weights = new Float32Array(kernel.data.length);
  const bias = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    const factor = (gamma[o] as number) / Math.sqrt((variance[o] as number) + epsilon);
    bias[o] = ((convBias[o] as number) - (mean[o] as number)) * factor + (beta[o] as number);
    for (let i = 0; i < inputs; i++) {
      const from = first ? inputs - 1 - i : i;
      for (let p = 0; p < height * width; p++) {
        weights[(o * inputs + i) * height * width + p] =
          (kernel.data[(p * inputs + from) * outputs + o] as number) * factor;
      }
    }
  }
  return {
    weights: tensor('float32', [outputs, inputs, height, width], weights),
    bias: tensor('float32', [outputs], bias),
  };
}
