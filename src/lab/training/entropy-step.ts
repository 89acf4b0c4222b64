/** Step 5: latent channels put in order of importance, and integer entropy tables fitted to the training part's symbols. */

import {
  createSymbolHistogram,
  type EntropyModel,
  fitEntropyModel,
  quantize,
  quantizeUnclipped,
} from '../../core/codec/index.ts';
import { pickTensor, type Tensor, type TensorMap, tensor } from '../../core/tensor/index.ts';
import { clip } from '../graph/index.ts';
import {
  applyGates,
  attentionGates,
  type CompressorShape,
  constantParameters,
  encodeFeatures,
  latentSize,
} from '../networks/index.ts';
import { forwardMaps } from './forward-maps.ts';
import type { StepContext } from './step-context.ts';

/** Calls back with the latent of each batch, `float32[n, k, 7, 7]` in units of the quantizer's step, clipped to so many bits. */
export async function forEachLatent(
  context: StepContext,
  shape: CompressorShape,
  tensors: TensorMap,
  samples: readonly number[],
  onLatents: (latents: Float32Array) => void,
  bits: number = context.recipe.bits,
): Promise<void> {
  await forwardMaps(
    context,
    samples,
    (maps) => {
      const parameters = constantParameters(maps.graph, tensors);
      const latent = encodeFeatures(applyGates(maps, attentionGates(maps, parameters)), shape, parameters);
      return { latent: clip(latent, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) };
    },
    (outputs) => onLatents(pickTensor(outputs, 'latent', 'float32').data),
  );
}

/**
 * Puts latent channels in order of importance: the squared size that each adds to the restored feature map.
 *
 * @returns The same tensors with every axis of length k permuted.
 */
export async function orderLatentChannels(
  context: StepContext,
  shape: CompressorShape,
  tensors: TensorMap,
): Promise<TensorMap> {
  const k = shape.latentChannels;
  const energies = new Float64Array(k);
  const positions = latentSize ** 2;
  const samples = context.set.train.slice(0, 1024);
  await forEachLatent(context, shape, tensors, samples, (latents) => {
    latents.forEach((value, i) => {
      const channel = Math.floor(i / positions) % k;
      energies[channel] = (energies[channel] as number) + Math.round(value) ** 2;
    });
  });
  const gains = pickTensor(tensors, 'quantizer/log_gain', 'float32').data;
  const decoder = pickTensor(tensors, 'decoder/linear/weights', 'float32');
  const importance = [...energies].map((energy, channel) => {
    let norm = 0;
    for (let i = channel; i < decoder.data.length; i += k) norm += (decoder.data[i] as number) ** 2;
    return energy * norm * Math.exp(-2 * (gains[channel] as number));
  });
  const order = importance.map((_, channel) => channel);
  order.sort((a, b) => (importance[b] as number) - (importance[a] as number) || a - b);
  return permuteLatentChannels(tensors, order);
}

/** Which axis of a parameter runs over the latent channels. */
const latentAxes: Readonly<Record<string, number>> = {
  'encoder/weights': 0,
  'encoder/bias': 0,
  'quantizer/log_gain': 0,
  'rate/mean': 0,
  'rate/log_scale': 0,
  'decoder/linear/weights': 1,
  'decoder/hidden/weights': 1,
};

function permuteLatentChannels(tensors: TensorMap, order: readonly number[]): TensorMap {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, t]): [string, Tensor] => {
      const axis = latentAxes[name];
      return [name, axis === undefined ? t : permuted(pickTensor(tensors, name, 'float32'), axis, order)];
    }),
  );
}

function permuted(t: Tensor<'float32'>, axis: number, order: readonly number[]): Tensor<'float32'> {
  const inner = t.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const block = order.length * inner;
  const data = new Float32Array(t.data.length);
  for (let outer = 0; outer < t.data.length; outer += block) {
    order.forEach((from, to) => {
      data.set(t.data.subarray(outer + from * inner, outer + (from + 1) * inner), outer + to * inner);
    });
  }
  return tensor('float32', t.shape, data);
}

/** Fits entropy tables to the symbols of the training part. */
export async function fitEntropy(
  context: StepContext,
  shape: CompressorShape,
  tensors: TensorMap,
): Promise<EntropyModel> {
  const histogram = createSymbolHistogram([shape.latentChannels, latentSize, latentSize]);
  await forEachLatent(context, shape, tensors, context.set.train, (latents) => {
    histogram.add(quantizeUnclipped(latents));
  });
  return fitEntropyModel(histogram);
}

/** Quantized latents of some samples, in their order, each `int16[k * 49]`. */
export async function symbolsOf(
  context: StepContext,
  shape: CompressorShape,
  tensors: TensorMap,
  entropy: EntropyModel,
  samples: readonly number[],
): Promise<Int16Array[]> {
  const length = shape.latentChannels * latentSize ** 2;
  const symbols: Int16Array[] = [];
  await forEachLatent(context, shape, tensors, samples, (latents) => {
    for (let i = 0; i < latents.length; i += length) symbols.push(quantize(latents.subarray(i, i + length), entropy));
  });
  return symbols;
}
