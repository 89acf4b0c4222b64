/**
 * What device and edge answer to a picture at every length of its frame.
 *
 *     image ─► device graph ─┬─► latent ─► symbols ─► frame ─► cut to 1, 2, ... n chunks ─► edge graph ─► edge[0 .. n-1]
 *                            ├─► pooled features ─► fallback ─► device
 *                            └─► feature map ─► tail ─► uncompressed
 *
 * Every prefix is a frame of its own, to bytes and back: what the edge sees is what a device that sent so many chunks would
 * have sent.
 */

import { z } from 'zod';
import { dequantize, quantize } from '../../../../core/codec/index.ts';
import type { SplitModel } from '../../../../core/model/index.ts';
import { pickTensor, tensor } from '../../../../core/tensor/index.ts';
import {
  decodeFrame,
  encodeFrame,
  frameFits,
  onePacketBytes,
  parseFrame,
  serializeFrame,
} from '../../../../core/wire/index.ts';
import type { Session } from '../../../../runtime/session.ts';
import { featureMapName, restoredFeatureMapName } from '../../../build/index.ts';
import { loadBatches, type Sample } from '../../../datasets/index.ts';
import { type Answer, answerSchema, answersOf, batchRows } from './answer.ts';
import { type AnswerContext, isLabelled, letSignalsIn, signalOf } from './answer-context.ts';

/** All that can be answered to one picture. */
export interface PictureAnswers {
  /** `Sample.id`. */
  readonly name: string;
  /** What is right: the picture's class, or the uncompressed answer where the model does not know the data's classes. */
  readonly label: number;
  /**
   * Bytes of the picture's frame with 1, 2, ... n chunks, header included, as many as one packet holds. Empty when not even
   * the first chunk does: the device answers such a picture alone.
   */
  readonly chunkBytes: readonly number[];
  /** The edge's answer to each of these. */
  readonly edge: readonly Answer[];
  /** The device's own. */
  readonly device: Answer;
  /** That of the same tail to the float feature map. */
  readonly uncompressed: Answer;
}

/** Answers to a picture as they are kept in a file. */
export const pictureAnswersSchema: z.ZodType<PictureAnswers> = z.object({
  name: z.string(),
  label: z.int().nonnegative(),
  chunkBytes: z.array(z.int().positive()),
  edge: z.array(answerSchema),
  device: answerSchema,
  uncompressed: answerSchema,
});

/**
 * Pictures in a batch of the device graph. A divisor of the cache's blocks: a computation that goes on then has the batches
 * of one that was never broken off, and with them the last digits of its probabilities.
 */
const pictureBatchSize = 8;

/** Latents in a batch of the edge graph, of any pictures and lengths. */
const latentBatchSize = 32;

/**
 * Answers pictures at every length of their frames, batch by batch, in their order.
 *
 * @throws the context's signal's reason when aborted.
 */
export async function* answerPrefixes(
  context: AnswerContext,
  samples: readonly Sample[],
): AsyncGenerator<readonly PictureAnswers[]> {
  const { model, runtime } = context;
  const graphs = await context.readGraphs();
  await using device = await runtime.createSession(graphs.device);
  await using edge = await runtime.createSession(await model.readGraph('edge'));
  await using tail = await runtime.createSession(graphs.tail);
  await using fallback = await runtime.createSession(await model.readGraph('fallback'));
  for await (const { images, labels, ids } of loadBatches(samples, pictureBatchSize, signalOf(context))) {
    const front = await device.run({ image: images });
    const ownAnswers = answersOf(await fallback.run({ pooled: pickTensor(front, 'pooled', 'float32') }));
    const uncompressed = answersOf(
      await tail.run({ [restoredFeatureMapName]: pickTensor(front, featureMapName, 'float32') }),
    );
    const prefixes = batchRows(pickTensor(front, 'latent', 'float32')).map((latent) => framePrefixes(latent, model));
    const answers = await answerLatents(
      context,
      edge,
      prefixes.flat().map(({ latent }) => latent),
    );
    yield prefixes.map((ofPicture, i): PictureAnswers => {
      const [own, whole] = [ownAnswers[i] as Answer, uncompressed[i] as Answer];
      return {
        name: ids[i] as string,
        label: isLabelled(context) ? (labels[i] as number) : whole.label,
        chunkBytes: ofPicture.map(({ bytes }) => bytes),
        edge: ofPicture.map(({ latent }) => answers.get(latent) as Answer),
        device: own,
        uncompressed: whole,
      };
    });
  }
}

/** What the edge decodes from a frame of so many bytes, `float32[k * h * w]`. */
interface FramePrefix {
  readonly bytes: number;
  readonly latent: Float32Array;
}

/** The frame of a latent, cut to 1, 2, ... all of its chunks; a chunk that changes nothing gives the very same latent. */
function framePrefixes(latent: Float32Array, { entropyModel, layout }: SplitModel): FramePrefix[] {
  const symbols = quantize(latent, entropyModel);
  if (!frameFits(symbols, layout, onePacketBytes)) return [];
  const { payloads } = parseFrame(encodeFrame(symbols, layout, { maxBytes: onePacketBytes }));
  const prefixes: FramePrefix[] = [];
  for (let chunks = 1; chunks <= payloads.length; chunks++) {
    const frame = serializeFrame({ modelId: layout.modelId, payloads: payloads.slice(0, chunks) });
    const decoded = decodeFrame(frame, layout);
    // Not the symbols: where they are the same, a finer resolution still moves what they are taken for.
    const received = dequantize(decoded.symbols, layout, decoded.chunksDecoded).data;
    const before = prefixes.at(-1)?.latent;
    const isSame = before !== undefined && received.every((value, element) => value === before[element]);
    prefixes.push({ bytes: frame.length, latent: isSame ? before : received });
  }
  return prefixes;
}

/** The edge's answer to each of some latents, equal ones run once. */
async function answerLatents(
  { model, signal }: AnswerContext,
  edge: Session,
  latents: readonly Float32Array[],
): Promise<ReadonlyMap<Float32Array, Answer>> {
  const distinct = [...new Set(latents)];
  const answers = new Map<Float32Array, Answer>();
  for (let first = 0; first < distinct.length; first += latentBatchSize) {
    signal?.throwIfAborted();
    const batch = distinct.slice(first, first + latentBatchSize);
    const shape = [batch.length, ...model.manifest.latentShape];
    const data = new Float32Array(shape.reduce((a, b) => a * b));
    for (const [row, latent] of batch.entries()) data.set(latent, row * latent.length);
    const found = answersOf(await edge.run({ latent: tensor('float32', shape, data) }));
    for (const [row, latent] of batch.entries()) answers.set(latent, found[row] as Answer);
    await letSignalsIn();
  }
  return answers;
}
