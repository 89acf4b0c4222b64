/** Accuracy and frame bytes on the validation part, through real frames: what is reported after each training step. */

import { dequantize, knownWidths, type LatentCoding } from '../../core/codec/index.ts';
import type { CurvePoint } from '../../core/model/index.ts';
import { elementCount, type TensorMap, tensor } from '../../core/tensor/index.ts';
import { decodeFrame, encodeFrame, type FrameModel, frameFits, onePacketBytes } from '../../core/wire/index.ts';
import { constant, createGraph, input, output } from '../graph/index.ts';
import {
  applyGates,
  attentionGates,
  type CompressorShape,
  constantParameters,
  decodeFeatures,
  encodeFeatures,
  latentSize,
} from '../networks/index.ts';
import { planPrefixes, symbolsOf } from './entropy-step.ts';
import { forwardRows } from './forward.ts';
import { rowsOfMaps } from './forward-maps.ts';
import { quantizePrefix } from './prefix-quantizer.ts';
import { largestSymbol } from './recipe.ts';
import { type StepContext, withoutProgress } from './step-context.ts';
import type { Tail } from './tail.ts';
import { accuracyOf, argmaxRows } from './training-set.ts';

/** Logits that the tail gives for the float feature maps of some samples: the uncompressed network. */
export function uncompressedLogits(
  context: StepContext,
  tail: Tail,
  samples: readonly number[],
): Promise<Float32Array> {
  return rowsOfMaps(context, samples, context.set.classes, (maps) => tail.logits(maps));
}

/**
 * What an encoder, a quantizer and a decoder make of some samples with whole frames' bits, but without frames,
 * `float32[n, classes]`.
 */
export async function compressedLogits(
  context: StepContext,
  { shape, tensors, tail }: Omit<MeasuredCompressor, 'coding'>,
  samples: readonly number[],
): Promise<Float32Array> {
  const plan = await planPrefixes(withoutProgress(context), shape, tensors);
  const size = [1, shape.latentChannels, latentSize, latentSize];
  return rowsOfMaps(context, samples, context.set.classes, (maps) => {
    const parameters = constantParameters(maps.graph, tensors);
    const latent = encodeFeatures(applyGates(maps, attentionGates(maps, parameters)), shape, parameters);
    const widths = constant(maps.graph, tensor('float32', size, knownWidths(plan, plan.chunks)));
    const { values } = quantizePrefix(latent, widths, largestSymbol(context.recipe));
    return tail.logits(decodeFeatures(values, shape, parameters));
  });
}

/** A trained compressor, ready to be measured. */
export interface MeasuredCompressor {
  readonly shape: CompressorShape;
  readonly tensors: TensorMap;
  readonly coding: LatentCoding;
  readonly tail: Tail;
}

/** Frames of some samples, and the model that they were made for. */
export interface MadeFrames {
  readonly frames: readonly Uint8Array[];
  readonly frameModel: FrameModel;
  /** `int16[k * 49]` of each sample. */
  readonly symbols: readonly Int16Array[];
}

/** Encodes the latents of some samples as frames of at most `maxBytes`. */
export async function makeFrames(
  context: StepContext,
  { shape, tensors, coding }: MeasuredCompressor,
  samples: readonly number[],
  maxBytes: number = onePacketBytes,
): Promise<MadeFrames> {
  const latentShape = [shape.latentChannels, latentSize, latentSize] as const;
  const frameModel: FrameModel = { modelId: '000000000000', latentShape, ...coding };
  const symbols = await symbolsOf(context, shape, tensors, coding.entropyModel, samples);
  return { frames: symbols.map((all) => encodeFrame(all, frameModel, { maxBytes })), frameModel, symbols };
}

/** The edge's answers to frames, `float32[frames.length, classes]`: what parsing and decoding their bytes gives. */
export function answerFrames(
  context: StepContext,
  { shape, tensors, tail }: MeasuredCompressor,
  frames: readonly Uint8Array[],
  frameModel: FrameModel,
): Promise<Float32Array> {
  const { set, runtime, signal } = context;
  const { latentShape } = frameModel;
  const length = elementCount(latentShape);
  const graph = createGraph('edge');
  const latent = input(graph, 'latent', 'float32', ['N', ...latentShape]);
  output('logits', tail.logits(decodeFeatures(latent, shape, constantParameters(graph, tensors))));
  return forwardRows({
    runtime,
    graph,
    samples: frames.map((_, i) => i),
    batchSize: 32,
    inputs: (batch) => {
      const data = new Float32Array(batch.length * length);
      batch.forEach((at, i) => {
        const { symbols, chunksDecoded } = decodeFrame(frames[at] as Uint8Array, frameModel);
        data.set(dequantize(symbols, frameModel, chunksDecoded).data, i * length);
      });
      return { latent: tensor('float32', [batch.length, ...latentShape], data) };
    },
    outputName: 'logits',
    width: set.classes,
    signal,
  });
}

/**
 * Accuracy against bytes on the validation part: each frame has as many chunks as the budget lets it.
 *
 * @param budgets - Most bytes of a frame, one point each; those that the first chunk of some picture exceeds are left out.
 * @param uncompressed - Logits of the uncompressed network for the validation part.
 */
export async function measureCurve(
  context: StepContext,
  compressor: MeasuredCompressor,
  budgets: readonly number[],
  uncompressed: Float32Array,
): Promise<CurvePoint[]> {
  const { set } = context;
  const samples = set.validation;
  const { symbols, frameModel } = await makeFrames(context, compressor, samples, Number.POSITIVE_INFINITY);
  const reference = argmaxRows(uncompressed, set.classes);
  const points: CurvePoint[] = [];
  for (const budgetBytes of budgets) {
    if (!symbols.every((all) => frameFits(all, frameModel, budgetBytes))) continue;
    const frames = symbols.map((all) => encodeFrame(all, frameModel, { maxBytes: budgetBytes }));
    const logits = await answerFrames(context, compressor, frames, frameModel);
    const top = argmaxRows(logits, set.classes);
    const sizes = frames.map((frame) => frame.length);
    points.push({
      budgetBytes,
      frameBytes: { mean: sizes.reduce((a, b) => a + b, 0) / sizes.length, max: Math.max(...sizes) },
      accuracy: accuracyOf(set, samples, logits),
      agreement: top.filter((label, i) => label === reference[i]).length / samples.length,
    });
  }
  return points;
}
