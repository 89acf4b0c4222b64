/**
 * Sets the quantizer's steps, all by the same factor, so that frames have the mean size that the recipe asks for.
 *
 * Training pays for bits at a price that a controller adapts, and ends near the size asked for; in a short training not
 * very near. Here the rest is made up without training: the decoder divides by the gains that the encoder multiplies
 * by, so finer steps cost bytes and only take quantization error away.
 */

import { pickTensor, type TensorMap, tensor } from '../../core/tensor/index.ts';
import { type CompressorShape, latentSize } from '../networks/index.ts';
import { targetBits } from './compressor-plan.ts';
import { forEachLatent } from './entropy-step.ts';
import type { StepContext } from './step-context.ts';

/** Samples that the size is measured on. */
const calibrationSamples = 512;

/** Largest change of the steps, as a factor: beyond it something else is wrong. */
const mostFactor = 8;

/** Finer steps must not push more than this share of the latents out of the quantizer's range. */
const outlierShare = 1e-3;

/** Latents are looked at as if the quantizer had so many bits: practically unclipped. */
const unclippedBits = 16;
const largestCounted = 2 ** (unclippedBits - 1);

/** Scales gains and rate model. @returns The same tensors with other `quantizer/` and `rate/`. */
export async function calibrateRate(
  context: StepContext,
  shape: CompressorShape,
  tensors: TensorMap,
): Promise<TensorMap> {
  const latents: Float32Array[] = [];
  const samples = context.set.train.slice(0, calibrationSamples);
  await forEachLatent(context, shape, tensors, samples, (batch) => latents.push(batch), unclippedBits);
  const reach = 2 ** (context.recipe.bits - 1) - 1;
  const mostLogFactor = Math.min(Math.log(mostFactor), Math.log(reach / outlierSize(latents)));
  const logFactor = factorForBits(
    (factor) => entropyBits(latents, shape.latentChannels, factor, reach) / samples.length,
    targetBits(context),
    mostLogFactor,
  );
  const added = (name: string, offset: number) => {
    const { shape: size, data } = pickTensor(tensors, name, 'float32');
    return tensor(
      'float32',
      size,
      data.map((value) => value + offset),
    );
  };
  const mean = pickTensor(tensors, 'rate/mean', 'float32');
  return {
    ...tensors,
    'quantizer/log_gain': added('quantizer/log_gain', logFactor),
    'rate/log_scale': added('rate/log_scale', logFactor),
    'rate/mean': tensor(
      'float32',
      mean.shape,
      mean.data.map((value) => value * Math.exp(logFactor)),
    ),
  };
}

/** Size that one latent of a thousand exceeds. */
function outlierSize(latents: readonly Float32Array[]): number {
  const counts = new Float64Array(largestCounted + 1);
  for (const batch of latents) {
    for (const value of batch) {
      const size = Math.min(largestCounted, Math.ceil(Math.abs(value)));
      counts[size] = (counts[size] as number) + 1;
    }
  }
  let beyond = counts.reduce((a, b) => a + b, 0);
  const allowed = outlierShare * beyond;
  const size = counts.findIndex((count) => {
    beyond -= count;
    return beyond <= allowed;
  });
  return Math.max(1, size);
}

/** Logarithm of the factor at which `bitsAt(factor)`, which rises, is `target`, or the largest allowed; by bisection. */
function factorForBits(bitsAt: (factor: number) => number, target: number, most: number): number {
  let [low, high] = [-Math.log(mostFactor), most];
  for (let i = 0; i < 12; i++) {
    const middle = (low + high) / 2;
    if (bitsAt(Math.exp(middle)) < target) low = middle;
    else high = middle;
  }
  return low;
}

/** Bits of all symbols under the histogram of their channel: what fitted entropy tables come to. */
function entropyBits(latents: readonly Float32Array[], channels: number, factor: number, reach: number): number {
  const counts = Array.from({ length: channels }, () => new Float64Array(2 * reach + 1));
  for (const batch of latents) {
    const positions = latentSize ** 2;
    batch.forEach((value, i) => {
      const symbol = Math.min(reach, Math.max(-reach, Math.round(value * factor)));
      const ofChannel = counts[Math.floor(i / positions) % channels] as Float64Array;
      ofChannel[symbol + reach] = (ofChannel[symbol + reach] as number) + 1;
    });
  }
  let bits = 0;
  for (const ofChannel of counts) {
    const total = ofChannel.reduce((a, b) => a + b, 0);
    for (const count of ofChannel) if (count > 0) bits -= count * Math.log2(count / total);
  }
  return bits;
}
