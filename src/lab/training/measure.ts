/** Accuracy and frame bytes on the validation part, through real frames: what is reported after each training step. */

import type { EntropyModel } from '../../core/codec/index.ts';
import type { CurvePoint } from '../../core/model/index.ts';
import { type TensorMap, tensor } from '../../core/tensor/index.ts';
import { decodeFrame, encodeFrame, type FrameModel, parseFrame, serializeFrame } from '../../core/wire/index.ts';
import { createGraph, input, output } from '../graph/index.ts';
import { type CompressorShape, constantParameters, decodeFeatures, latentSize } from '../networks/index.ts';
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

/** A trained compressor, ready to be measured. */
export interface MeasuredCompressor {
  readonly shape: CompressorShape;
  readonly tensors: TensorMap;
  readonly entropy: EntropyModel;
  readonly tail: Tail;
}

/**
 * Accuracy against bytes on the validation part, by sending only so many chunks of each frame.
 *
 * @param chunkCounts - Numbers of leading chunks to measure.
 * @param uncompressed - Logits of the uncompressed network for the validation part.
 */
export async function measureCurve(
  context: StepContext,
  { shape, tensors, entropy, tail }: MeasuredCompressor,
  chunkCounts: readonly number[],
  uncompressed: Float32Array,
): Promise<CurvePoint[]> {
  const { set, runtime, signal } = context;
  const samples = set.validation;
  const chunks = chunkPlan(shape.latentChannels);
  const latentShape = [shape.latentChannels, latentSize, latentSize] as const;
  const frameModel: FrameModel = { modelId: '000000000000', chunks, latentShape, entropyModel: entropy };
  const symbols = await symbolsOf(context, shape, tensors, entropy, samples);
  const reference = argmaxRows(uncompressed, set.classes);
  const graph = createGraph('edge');
  const latent = input(graph, 'latent', 'float32', ['N', ...latentShape]);
  output('logits', tail.logits(decodeFeatures(latent, shape, constantParameters(graph, tensors))));
  const { modelId } = frameModel;
  const payloads = symbols.map((all) => parseFrame(encodeFrame(all, frameModel)).payloads);
  const points: CurvePoint[] = [];
  for (const count of chunkCounts) {
    const frames = payloads.map((all) => serializeFrame({ modelId, payloads: all.slice(0, count) }));
    const decoded = frames.map((frame) => decodeFrame(frame, frameModel).symbols);
    const logits = await forwardRows({
      runtime,
      graph,
      samples: samples.map((_, i) => i),
      batchSize: 32,
      inputs: (batch) => {
        const data = new Float32Array(batch.length * (symbols[0]?.length ?? 0));
        batch.forEach((sample, i) => {
          data.set(decoded[sample] as Int16Array, i * (symbols[0]?.length ?? 0));
        });
        return { latent: tensor('float32', [batch.length, ...latentShape], data) };
      },
      outputName: 'logits',
      width: set.classes,
      signal,
    });
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
