/** How latents become bytes: the plan of the chunks, and integer entropy tables fitted to the training part's symbols. */

import {
  type ChunkPlan,
  createSymbolHistogram,
  type EntropyModel,
  fitEntropyModel,
  knownWidths,
  type LatentCoding,
  quantize,
  quantizeUnclipped,
  unknownWidth,
} from '../../core/codec/index.ts';
import { pickTensor, type TensorMap } from '../../core/tensor/index.ts';
import { clip } from '../graph/index.ts';
import {
  applyGates,
  attentionGates,
  type CompressorShape,
  constantParameters,
  encodeFeatures,
  latentSize,
} from '../networks/index.ts';
import { chunkBits } from './compressor-plan.ts';
import { forwardMaps } from './forward-maps.ts';
import { planChunks } from './prefix-plan.ts';
import { largestSymbol } from './recipe.ts';
import type { StepContext } from './step-context.ts';

/** Calls back with the latents of each batch, `float32[n, k, 7, 7]` in units of the quantizer's step, within its range. */
async function forEachLatent(
  context: StepContext,
  shape: CompressorShape,
  tensors: TensorMap,
  samples: readonly number[],
  onLatents: (latents: Float32Array) => void,
): Promise<void> {
  const largest = largestSymbol(context.recipe);
  await forwardMaps(
    context,
    samples,
    (maps) => {
      const parameters = constantParameters(maps.graph, tensors);
      const latent = encodeFeatures(applyGates(maps, attentionGates(maps, parameters)), shape, parameters);
      return { latent: clip(latent, -largest, largest) };
    },
    (outputs) => onLatents(pickTensor(outputs, 'latent', 'float32').data),
  );
}

/** Samples that the plan of the chunks is made from. */
const planSamples = 2048;

/** Plans the chunks of the recipe's frames from the training part's latents as they are. */
export async function planPrefixes(
  context: StepContext,
  shape: CompressorShape,
  tensors: TensorMap,
): Promise<ChunkPlan> {
  const { recipe, set } = context;
  const length = shape.latentChannels * latentSize ** 2;
  const latents: Float32Array[] = [];
  await forEachLatent(context, shape, tensors, set.train.slice(0, planSamples), (batch) => {
    for (let i = 0; i < batch.length; i += length) latents.push(batch.subarray(i, i + length));
  });
  return planChunks(latents, largestSymbol(recipe), chunkBits(recipe));
}

/** Plans the chunks, and fits entropy tables to the symbols of the training part. */
export async function fitCoding(
  context: StepContext,
  shape: CompressorShape,
  tensors: TensorMap,
): Promise<LatentCoding> {
  const plan = await planPrefixes(context, shape, tensors);
  const widths = knownWidths(plan, plan.chunks);
  const histogram = createSymbolHistogram([shape.latentChannels, latentSize, latentSize]);
  await forEachLatent(context, shape, tensors, context.set.train, (latents) => {
    histogram.add(quantizeUnclipped(latents));
  });
  // What is never sent has an alphabet of 0 alone.
  const counts = histogram.counts.map((ofElement, i) => (widths[i] === unknownWidth ? new Map() : ofElement));
  return { entropyModel: fitEntropyModel({ ...histogram, counts }), plan };
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
