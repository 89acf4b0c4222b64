/**
 * Measures a split model on labelled pictures, through real frames: every latent is encoded to the bytes of a frame, and
 * the edge's half works from what parsing and decoding those bytes gives.
 */

import { quantile } from 'simple-statistics';
import { dequantize, entropyBits, quantize } from '../../core/codec/index.ts';
import type { SplitModel } from '../../core/model/index.ts';
import { pickTensor, type Tensor, tensor } from '../../core/tensor/index.ts';
import { decodeFrame, encodeFrame } from '../../core/wire/index.ts';
import type { Runtime } from '../../runtime/session.ts';

/** Pictures with their classes. */
export interface LabelledBatch {
  /** `uint8[n, 224, 224, 3]`, RGB. */
  readonly images: Tensor<'uint8'>;
  readonly labels: Int32Array;
}

/** Graphs that measuring needs beside those of the model. */
export interface MeasuringGraphs {
  /** `image` to `latent`, `pooled` and `feature_map`. */
  readonly device: Uint8Array;
  /** `restored_feature_map` to `logits`: the tail alone. */
  readonly tail: Uint8Array;
}

/** What `aecnn evaluate` reports; shares from 0 to 1, bytes of whole frames. */
export interface Evaluation {
  readonly modelId: string;
  readonly images: number;
  readonly accuracy: number;
  /** The same tail on the float feature map. */
  readonly uncompressedAccuracy: number;
  /** The device's own classifier. */
  readonly fallbackAccuracy: number;
  /** Share of pictures with the same top label as the uncompressed network. */
  readonly agreement: number;
  /** Float32 feature map at the split point. */
  readonly featureBytes: number;
  /** The part of it that the tail reads. */
  readonly readFeatureBytes: number;
  readonly frameBytes: { readonly mean: number; readonly p50: number; readonly p95: number; readonly max: number };
  /** Information content of the symbols under the entropy tables. */
  readonly entropyBytes: { readonly mean: number };
  /** `featureBytes / frameBytes.mean`. */
  readonly compressionRatio: number;
}

/** What to measure, and on what. */
export interface EvaluateOptions {
  readonly model: SplitModel;
  readonly graphs: MeasuringGraphs;
  readonly runtime: Runtime;
  readonly batches: AsyncIterable<LabelledBatch>;
  readonly onProgress?: (images: number) => void;
  readonly signal?: AbortSignal;
}

/** Runs all pictures through device, frame and edge. @throws the signal's reason when aborted. */
export async function evaluateModel(options: EvaluateOptions): Promise<Evaluation> {
  const { model, graphs, runtime, batches, onProgress, signal } = options;
  await using device = await runtime.createSession(graphs.device);
  await using edge = await runtime.createSession(await model.readGraph('edge'));
  await using tail = await runtime.createSession(graphs.tail);
  await using fallback = await runtime.createSession(await model.readGraph('fallback'));
  const right = { compressed: 0, uncompressed: 0, fallback: 0 };
  let agreed = 0;
  let bits = 0;
  const frameBytes: number[] = [];
  for await (const { images, labels } of batches) {
    signal?.throwIfAborted();
    const front = await device.run({ image: images });
    const sent = sendThroughFrames(model, pickTensor(front, 'latent', 'float32'));
    frameBytes.push(...sent.frameBytes);
    bits += sent.entropyBits;
    const answers = {
      compressed: topOf(await edge.run({ latent: sent.latent })),
      uncompressed: topOf(await tail.run({ restored_feature_map: pickTensor(front, 'feature_map', 'float32') })),
      fallback: topOf(await fallback.run({ pooled: pickTensor(front, 'pooled', 'float32') })),
    };
    labels.forEach((label, i) => {
      for (const way of ['compressed', 'uncompressed', 'fallback'] as const)
        right[way] += answers[way][i] === label ? 1 : 0;
      agreed += answers.compressed[i] === answers.uncompressed[i] ? 1 : 0;
    });
    onProgress?.(frameBytes.length);
  }
  const images = frameBytes.length;
  const mean = frameBytes.reduce((a, b) => a + b, 0) / images;
  const { feature, modelId } = model.manifest;
  return {
    modelId,
    images,
    accuracy: right.compressed / images,
    uncompressedAccuracy: right.uncompressed / images,
    fallbackAccuracy: right.fallback / images,
    agreement: agreed / images,
    featureBytes: feature.bytes,
    readFeatureBytes: feature.readBytes,
    frameBytes: {
      mean,
      p50: quantile(frameBytes, 0.5),
      p95: quantile(frameBytes, 0.95),
      max: Math.max(...frameBytes),
    },
    entropyBytes: { mean: bits / 8 / images },
    compressionRatio: feature.bytes / mean,
  };
}

/** Encodes each latent of a batch to a frame and decodes it again. */
function sendThroughFrames(model: SplitModel, latents: Tensor<'float32'>) {
  const { entropyModel, layout } = model;
  const [count = 0, ...latentShape] = latents.shape;
  const length = latents.data.length / count;
  const received = new Float32Array(latents.data.length);
  const frameBytes: number[] = [];
  let totalBits = 0;
  for (let i = 0; i < count; i++) {
    const symbols = quantize(latents.data.subarray(i * length, (i + 1) * length), entropyModel);
    const frame = encodeFrame(symbols, layout);
    const decoded = decodeFrame(frame, layout);
    received.set(dequantize(decoded.symbols, layout.latentShape).data, i * length);
    frameBytes.push(frame.length);
    totalBits += entropyBits(entropyModel, symbols);
  }
  return { latent: tensor('float32', [count, ...latentShape], received), frameBytes, entropyBits: totalBits };
}

/** Position of the largest logit of each row. */
function topOf(outputs: Record<string, Tensor>): number[] {
  const { data, shape } = pickTensor(outputs, 'logits', 'float32');
  const [count = 0, classes = 0] = shape;
  return Array.from({ length: count }, (_, row) => {
    const logits = data.subarray(row * classes, (row + 1) * classes);
    return logits.indexOf(Math.max(...logits));
  });
}
