/**
 * Measures a split model on labelled pictures, through real frames: every latent is encoded to the bytes of a frame, and
 * the edge's half works from what parsing and decoding those bytes gives.
 */

import { quantile } from 'simple-statistics';
import { chunkEntropyBits, dequantize, quantize } from '../../core/codec/index.ts';
import type { CurvePoint, SplitModel } from '../../core/model/index.ts';
import { pickTensor, type Tensor, tensor } from '../../core/tensor/index.ts';
import {
  chunkHeaderBytes,
  decodeFrame,
  encodeFrame,
  frameFits,
  frameHeaderBytes,
  onePacketBytes,
} from '../../core/wire/index.ts';
import type { Runtime } from '../../runtime/session.ts';

/** Pictures with their classes, if they have any. */
export interface LabelledBatch {
  /** `uint8[n, 224, 224, 3]`, RGB. */
  readonly images: Tensor<'uint8'>;
  /** Without labels the answers of the uncompressed network stand for them. */
  readonly labels?: Int32Array;
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
  /** Share of right answers; of pictures without labels, of answers like the uncompressed network's. */
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
  /** What entropy coding made, without the headers of frame and chunks. */
  readonly payloadBytes: { readonly mean: number };
  readonly chunks: { readonly mean: number };
  /** Information content of what the frames tell, under the entropy tables. */
  readonly entropyBytes: { readonly mean: number };
  /** `featureBytes / frameBytes.mean`. */
  readonly compressionRatio: number;
  /** One point for each budget that was asked for. */
  readonly curve: readonly EvaluatedPoint[];
}

/** Accuracy with frames of at most so many bytes. */
export interface EvaluatedPoint extends CurvePoint {
  /** Pictures of which not even the first chunk fits: the device's own classifier answers them. */
  readonly withoutFrame: number;
}

/** What to measure, and on what. */
export interface EvaluateOptions {
  readonly model: SplitModel;
  readonly graphs: MeasuringGraphs;
  readonly runtime: Runtime;
  readonly batches: AsyncIterable<LabelledBatch>;
  /** Most bytes of a frame, one point of the curve each. */
  readonly budgets?: readonly number[];
  readonly onProgress?: (images: number) => void;
  readonly signal?: AbortSignal;
}

/** Runs all pictures through device, frame and edge. @throws the signal's reason when aborted. */
export async function evaluateModel(options: EvaluateOptions): Promise<Evaluation> {
  const { model, graphs, runtime, batches, budgets = [], onProgress, signal } = options;
  await using device = await runtime.createSession(graphs.device);
  await using edge = await runtime.createSession(await model.readGraph('edge'));
  await using tail = await runtime.createSession(graphs.tail);
  await using fallback = await runtime.createSession(await model.readGraph('fallback'));
  const right = { uncompressed: 0, fallback: 0 };
  const whole = emptyCount();
  const cut = budgets.map(emptyCount);
  let images = 0;
  for await (const { images: pictures, labels: given } of batches) {
    signal?.throwIfAborted();
    const front = await device.run({ image: pictures });
    const latents = pickTensor(front, 'latent', 'float32');
    const uncompressed = topOf(await tail.run({ restored_feature_map: pickTensor(front, 'feature_map', 'float32') }));
    const labels = given ?? Int32Array.from(uncompressed);
    const ownAnswers = topOf(await fallback.run({ pooled: pickTensor(front, 'pooled', 'float32') }));
    const count = async (into: Count, maxBytes: number): Promise<void> => {
      const sent = sendThroughFrames(model, latents, maxBytes);
      const answers = topOf(await edge.run({ latent: sent.latent }));
      labels.forEach((label, i) => {
        const bytes = sent.frameBytes[i];
        const answer = bytes === undefined ? ownAnswers[i] : answers[i];
        if (bytes === undefined) into.withoutFrame++;
        else into.frameBytes.push(bytes);
        if (answer === label) into.right++;
        if (answer === uncompressed[i]) into.agreed++;
      });
      into.entropyBits += sent.entropyBits;
      into.chunks += sent.chunks;
      into.payloadBytes += sent.payloadBytes;
    };
    await count(whole, onePacketBytes);
    for (const [i, budget] of budgets.entries()) await count(cut[i] as Count, budget);
    labels.forEach((label, i) => {
      right.uncompressed += uncompressed[i] === label ? 1 : 0;
      right.fallback += ownAnswers[i] === label ? 1 : 0;
    });
    images += labels.length;
    onProgress?.(images);
  }
  const { feature, modelId } = model.manifest;
  const sizes = whole.frameBytes;
  const mean = meanOf(sizes);
  return {
    modelId,
    images,
    accuracy: whole.right / images,
    uncompressedAccuracy: right.uncompressed / images,
    fallbackAccuracy: right.fallback / images,
    agreement: whole.agreed / images,
    featureBytes: feature.bytes,
    readFeatureBytes: feature.readBytes,
    frameBytes: { mean, p50: quantile(sizes, 0.5), p95: quantile(sizes, 0.95), max: Math.max(...sizes) },
    payloadBytes: { mean: whole.payloadBytes / images },
    chunks: { mean: whole.chunks / images },
    entropyBytes: { mean: whole.entropyBits / 8 / images },
    compressionRatio: feature.bytes / mean,
    curve: cut.map(({ right: correct, agreed, frameBytes, withoutFrame }, i) => ({
      budgetBytes: budgets[i] as number,
      frameBytes: { mean: meanOf(frameBytes), max: Math.max(0, ...frameBytes) },
      accuracy: correct / images,
      agreement: agreed / images,
      withoutFrame,
    })),
  };
}

/** What is counted over all pictures at one budget. */
interface Count {
  right: number;
  agreed: number;
  withoutFrame: number;
  entropyBits: number;
  payloadBytes: number;
  chunks: number;
  readonly frameBytes: number[];
}

const emptyCount = (): Count => ({
  right: 0,
  agreed: 0,
  withoutFrame: 0,
  entropyBits: 0,
  payloadBytes: 0,
  chunks: 0,
  frameBytes: [],
});

const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;

/** Encodes each latent of a batch to a frame of at most so many bytes and decodes it again; zeros where none is so small. */
function sendThroughFrames({ entropyModel, layout }: SplitModel, latents: Tensor<'float32'>, maxBytes: number) {
  const [count = 0, ...latentShape] = latents.shape;
  const length = latents.data.length / count;
  const received = new Float32Array(latents.data.length);
  const frameBytes: (number | undefined)[] = [];
  const sums = { entropyBits: 0, payloadBytes: 0, chunks: 0 };
  for (let i = 0; i < count; i++) {
    const symbols = quantize(latents.data.subarray(i * length, (i + 1) * length), entropyModel);
    if (!frameFits(symbols, layout, maxBytes)) {
      frameBytes.push(undefined);
      continue;
    }
    const frame = encodeFrame(symbols, layout, { maxBytes });
    const decoded = decodeFrame(frame, layout);
    received.set(dequantize(decoded.symbols, layout, decoded.chunksDecoded).data, i * length);
    frameBytes.push(frame.length);
    sums.chunks += decoded.chunksDecoded;
    sums.payloadBytes += frame.length - frameHeaderBytes - decoded.chunksDecoded * chunkHeaderBytes;
    sums.entropyBits += chunkEntropyBits(symbols, layout)
      .subarray(0, decoded.chunksDecoded)
      .reduce((a, b) => a + b, 0);
  }
  return { latent: tensor('float32', [count, ...latentShape], received), frameBytes, ...sums };
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
