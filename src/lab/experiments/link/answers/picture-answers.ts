/**
 * Answers of the uncompressed network to pictures, as they are or after their way through a codec. The network is that of
 * the split model: its device's half up to the feature map, then the tail on that map.
 *
 * Only what is asked for is computed, each list of pictures and codec once; graphs are loaded for what is not in the cache.
 */

import { z } from 'zod';
import { pickTensor, type Tensor } from '../../../../core/tensor/index.ts';
import { featureMapName, restoredFeatureMapName } from '../../../build/index.ts';
import { loadBatches, type Sample } from '../../../datasets/index.ts';
import { meanDivergence, type SampledCodec } from '../../paper/pictures/picture-choice.ts';
import { codecName, compressedSamples, type PictureCodec } from '../../paper/pictures/picture-codecs.ts';
import { type Answer, answerOf, answerSchema, batchRows } from './answer.ts';
import { cachedRows } from './answer-cache.ts';
import { type AnswerContext, isLabelled, letSignalsIn, networkKey, samplesKey, signalOf } from './answer-context.ts';
import { codecKey } from './codec-costs.ts';

/** Pictures in a batch of the network. */
const pictureBatchSize = 16;

/** Pictures through one codec, in the order of the samples. */
export interface CodecAnswers {
  /** Bytes of each file. */
  readonly bytes: readonly number[];
  readonly answers: readonly Answer[];
}

/** Answers pictures; close it when done. All but `close` throw the context's signal's reason when aborted. */
export interface PictureNetwork extends AsyncDisposable {
  /** Answers to pictures that went through a codec. */
  answer(codec: PictureCodec, samples: readonly Sample[]): Promise<CodecAnswers>;
  /** Mean bytes of a codec, and how far it moves the answers to some pictures from those to the pictures as they are. */
  sample(codec: PictureCodec, samples: readonly Sample[]): Promise<SampledCodec>;
  /** Answers to pictures as they are. */
  uncompressed(samples: readonly Sample[]): Promise<readonly Answer[]>;
  /** What is right: the pictures' classes, or the uncompressed answers where the model does not know the data's classes. */
  labels(samples: readonly Sample[]): Promise<readonly number[]>;
  close(): Promise<void>;
}

const answeredSchema = z.object({ bytes: z.int().positive(), answer: answerSchema });
const sampledSchema = z.object({ bytes: z.int().positive(), divergence: z.number() });

/** Opens the uncompressed network of a split model. */
export function openPictureNetwork(context: AnswerContext): PictureNetwork {
  let loading: Promise<LoadedNetwork> | undefined;
  /** Logits of pictures as they are, by the list of them. */
  const references = new WeakMap<readonly Sample[], Promise<readonly Float32Array[]>>();

  /** Logits of each picture, and the bytes of its file (0 without a codec), batch by batch. */
  async function* infer(samples: readonly Sample[], codec?: PictureCodec) {
    loading ??= loadNetwork(context);
    const network = await loading;
    const sent = codec ? compressedSamples(samples, codec) : { samples, bytes: new Int32Array(samples.length) };
    let done = 0;
    for await (const { images } of loadBatches(sent.samples, pictureBatchSize, signalOf(context))) {
      const logits = batchRows(await network.logits(images));
      const bytes = sent.bytes.subarray(done, done + logits.length);
      done += logits.length;
      yield logits.map((ofPicture, i) => ({ logits: ofPicture, bytes: bytes[i] as number }));
      await letSignalsIn();
    }
  }

  async function computeReference(samples: readonly Sample[]): Promise<readonly Float32Array[]> {
    const rows: Float32Array[] = [];
    for await (const batch of infer(samples)) rows.push(...batch.map(({ logits }) => logits));
    return rows;
  }

  function referenceOf(samples: readonly Sample[]): Promise<readonly Float32Array[]> {
    const reference = references.get(samples) ?? computeReference(samples);
    references.set(samples, reference);
    return reference;
  }

  async function answer(codec: PictureCodec, samples: readonly Sample[]): Promise<CodecAnswers> {
    const rows = await cachedRows(context, {
      label: `answers to ${codecName(codec)}`,
      key: { kind: 'pictures', ...codecKey(codec), ...networkKey(context), ...samplesKey(context, samples) },
      row: answeredSchema,
      count: samples.length,
      compute: async function* (first) {
        for await (const batch of infer(samples.slice(first), codec)) {
          yield batch.map(({ logits, bytes }) => ({ bytes, answer: answerOf(logits) }));
        }
      },
    });
    return { bytes: rows.map(({ bytes }) => bytes), answers: rows.map((row) => row.answer) };
  }

  async function sample(codec: PictureCodec, samples: readonly Sample[]): Promise<SampledCodec> {
    const rows = await cachedRows(context, {
      label: `sample of ${codecName(codec)}`,
      key: { kind: 'sample', ...codecKey(codec), ...networkKey(context), ...samplesKey(context, samples) },
      row: sampledSchema,
      count: samples.length,
      compute: async function* (first) {
        const uncompressed = (await referenceOf(samples)).slice(first).values();
        for await (const batch of infer(samples.slice(first), codec)) {
          yield batch.map(({ logits, bytes }) => {
            const reference = uncompressed.next().value as Float32Array;
            return { bytes, divergence: meanDivergence(reference, logits, logits.length) };
          });
        }
      },
    });
    return {
      codec,
      meanBytes: meanOf(rows.map(({ bytes }) => bytes)),
      divergence: meanOf(rows.map(({ divergence }) => divergence)),
    };
  }

  function uncompressed(samples: readonly Sample[]): Promise<readonly Answer[]> {
    return cachedRows(context, {
      label: 'uncompressed answers',
      key: { kind: 'uncompressed', ...networkKey(context), ...samplesKey(context, samples) },
      row: answerSchema,
      count: samples.length,
      compute: async function* (first) {
        for await (const batch of infer(samples.slice(first))) yield batch.map(({ logits }) => answerOf(logits));
      },
    });
  }

  async function labels(samples: readonly Sample[]): Promise<readonly number[]> {
    if (isLabelled(context)) return samples.map(({ label }) => label);
    return (await uncompressed(samples)).map(({ label }) => label);
  }

  async function close(): Promise<void> {
    // A network that could not be loaded has told so to whoever asked.
    await loading?.then(
      (network) => network.close(),
      () => undefined,
    );
  }
  return { answer, sample, uncompressed, labels, close, [Symbol.asyncDispose]: close };
}

const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Both halves in memory. */
interface LoadedNetwork {
  /** `uint8[n, 224, 224, 3]` to `float32[n, classes]`. */
  logits(images: Tensor<'uint8'>): Promise<Tensor<'float32'>>;
  close(): Promise<void>;
}

async function loadNetwork({ readGraphs, runtime }: AnswerContext): Promise<LoadedNetwork> {
  const graphs = await readGraphs();
  const front = await runtime.createSession(graphs.device);
  const tail = await runtime.createSession(graphs.tail);
  return {
    async logits(images) {
      const outputs = await front.run({ image: images }, [featureMapName]);
      const map = pickTensor(outputs, featureMapName, 'float32');
      return pickTensor(await tail.run({ [restoredFeatureMapName]: map }), 'logits', 'float32');
    },
    close: async () => {
      await Promise.all([front.close(), tail.close()]);
    },
  };
}
