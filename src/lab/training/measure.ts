/** Accuracy and frame bytes on the validation part, through real frames: what is reported after each training step. */

import type { EntropyModel } from '../../core/codec/index.ts';
import type { CurvePoint } from '../../core/model/index.ts';
import { elementCount, type TensorMap, tensor } from '../../core/tensor/index.ts';
import {
  decodeFrame,
  encodeFrame,
  type FrameModel,
  onePacketBytes,
  parseFrame,
  serializeFrame,
} from '../../core/wire/index.ts';
import { clip, createGraph, input, output, round } from '../graph/index.ts';
import {
  applyGates,
  attentionGates,
  type CompressorShape,
  constantParameters,
  decodeFeatures,
  encodeFeatures,
  latentSize,
} from '../networks/index.ts';
import { chunkPlan } from './compressor-plan.ts';
import { symbolsOf } from './entropy-step.ts';
import { forwardRows } from './forward.ts';
import { rowsOfMaps } from './forward-maps.ts';
import type { StepContext } from './step-context.ts';
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

/** What an encoder, a quantizer of so many bits and a decoder make of some samples, without frames, `float32[n, classes]`. */
export function compressedLogits(
  context: StepContext,
  { shape, tensors, tail }: Omit<MeasuredCompressor, 'entropy'>,
  samples: readonly number[],
): Promise<Float32Array> {
  const { bits } = context.recipe;
  return rowsOfMaps(context, samples, context.set.classes, (maps) => {
    const parameters = constantParameters(maps.graph, tensors);
    const latent = encodeFeatures(applyGates(maps, attentionGates(maps, parameters)), shape, parameters);
    const symbols = round(clip(latent, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1));
    return tail.logits(decodeFeatures(symbols, shape, parameters));
  });
}

/** A trained compressor, ready to be measured. */
export interface MeasuredCompressor {
  readonly shape: CompressorShape;
  readonly tensors: TensorMap;
  readonly entropy: EntropyModel;
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
  { shape, tensors, entropy }: MeasuredCompressor,
  samples: readonly number[],
  maxBytes: number = onePacketBytes,
): Promise<MadeFrames> {
  const latentShape = [shape.latentChannels, latentSize, latentSize] as const;
  const chunks = chunkPlan(shape.latentChannels);
  const frameModel: FrameModel = { modelId: '000000000000', chunks, latentShape, entropyModel: entropy };
  const symbols = await symbolsOf(context, shape, tensors, entropy, samples);
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
        data.set(decodeFrame(frames[at] as Uint8Array, frameModel).symbols, i * length);
      });
      return { latent: tensor('float32', [batch.length, ...latentShape], data) };
    },
    outputName: 'logits',
    width: set.classes,
    signal,
  });
}

/**
 * Accuracy against bytes on the validation part, by sending only so many chunks of each frame.
 *
 * @param chunkCounts - Numbers of leading chunks to measure.
 * @param uncompressed - Logits of the uncompressed network for the validation part.
 */
export async function measureCurve(
  context: StepContext,
  compressor: MeasuredCompressor,
  chunkCounts: readonly number[],
  uncompressed: Float32Array,
): Promise<CurvePoint[]> {
  const { set } = context;
  const samples = set.validation;
  const { frames: whole, frameModel } = await makeFrames(context, compressor, samples);
  const { modelId } = frameModel;
  const payloads = whole.map((frame) => parseFrame(frame).payloads);
  const reference = argmaxRows(uncompressed, set.classes);
  const points: CurvePoint[] = [];
  for (const count of chunkCounts) {
    const frames = payloads.map((all) => serializeFrame({ modelId, payloads: all.slice(0, count) }));
    const logits = await answerFrames(context, compressor, frames, frameModel);
    const top = argmaxRows(logits, set.classes);
    const sizes = frames.map((frame) => frame.length);
    points.push({
      chunks: count,
      frameBytes: { mean: sizes.reduce((a, b) => a + b, 0) / sizes.length, max: Math.max(...sizes) },
      accuracy: accuracyOf(set, samples, logits),
      agreement: top.filter((label, i) => label === reference[i]).length / samples.length,
    });
  }
  return points;
}
