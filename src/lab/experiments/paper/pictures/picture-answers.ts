/**
 * Answers of the uncompressed network to pictures that went through a codec, each part and codec once: what was answered
 * before is taken from the checkpoint, so that a run that is broken off loses one codec at most.
 */

import { pickTensor, type TensorMap, tensor } from '../../../../core/tensor/index.ts';
import type { Runtime, Session } from '../../../../runtime/session.ts';
import { loadBatches, rememberedSample, type Sample } from '../../../datasets/index.ts';
import { createGraph, input, output, serializeGraph } from '../../../graph/index.ts';
import {
  classifier,
  constantConvolutions,
  constantParameters,
  type FoldedConvolutions,
  front,
  imageSize,
  tail,
} from '../../../networks/index.ts';
import type { StepContext } from '../../../training/index.ts';
import {
  anySplit,
  openPaperCheckpoint,
  type PaperContext,
  stepContextOf,
  type Teacher,
  teacherOf,
} from '../paper-context.ts';
import type { PictureGrid } from './picture-choice.ts';
import { codecName, compressedSamples, encodedPicture, encoderSettings, type PictureCodec } from './picture-codecs.ts';

/** Pictures in a batch of the network. */
const answerBatchSize = 16;

/** Pictures that are answered: a small sample of those for validation, all of those, or the test part. */
export type AnsweredPart = 'sample' | 'validation' | 'test';

/** Answers to one part of the pictures through one codec, in the order of the part. */
export interface PictureAnswers {
  /** `float32[n, classes]`. */
  readonly logits: Float32Array;
  /** Bytes of each file. */
  readonly bytes: readonly number[];
}

/** Answers pictures for one seed; close it when done. */
export interface PictureNetwork extends AsyncDisposable {
  readonly teacher: Teacher;
  /** The training part; what it says of pictures and labels is the same at every split point. */
  readonly step: StepContext;
  /** Positions in the training part of the pictures for validation, evenly over `step.set.validation`. */
  readonly validation: readonly number[];
  /** Positions in the training part of the small sample, evenly over `validation`. */
  readonly sampled: readonly number[];
  /** @throws the context's signal's reason when aborted. */
  answer(part: AnsweredPart, codec: PictureCodec): Promise<PictureAnswers>;
  /** Mean bytes of the pictures for validation, which are not answered. @throws as `answer` does. */
  meanBytes(codec: PictureCodec): Promise<number>;
}

/**
 * Opens the uncompressed network of a seed on pictures; the graph is loaded when the first answer is not in the checkpoint.
 */
export async function openPictureNetwork(
  context: PaperContext,
  seed: number,
  { sampledPictures, validationPictures }: Pick<PictureGrid, 'sampledPictures' | 'validationPictures'>,
): Promise<PictureNetwork> {
  const { dataset, folded, runtime, signal, onProgress } = context;
  const teacher = await teacherOf(context, seed);
  const checkpoint = openPaperCheckpoint(context, {
    step: 'pictures',
    seed,
    sampledPictures,
    validationPictures,
    encoderSettings,
  });
  const step = stepContextOf(context, anySplit(context), seed, checkpoint);
  const validation = evenly(step.set.validation, validationPictures);
  const sampled = evenly(validation, sampledPictures);
  const trainSample = (i: number): Sample => dataset.train[i] as Sample;
  // These are read by every codec.
  const kept = new Map(validation.map((i) => [i, rememberedSample(trainSample(i))]));
  const parts: { readonly [Part in AnsweredPart]: readonly Sample[] } = {
    sample: sampled.map((i) => kept.get(i) ?? trainSample(i)),
    validation: [...kept.values()],
    test: dataset.test,
  };
  let loading: Promise<Session> | undefined;

  async function compute(part: AnsweredPart, codec: PictureCodec): Promise<PictureAnswers> {
    loading ??= loadNetwork(runtime, folded, teacher.tensors);
    const session = await loading;
    const { samples, bytes } = compressedSamples(parts[part], codec);
    const logits = new Float32Array(samples.length * dataset.classes.length);
    let done = 0;
    for await (const { images, ids } of loadBatches(samples, answerBatchSize, signal ? { signal } : {})) {
      signal?.throwIfAborted();
      const outputs = await session.run({ image: images });
      logits.set(pickTensor(outputs, 'logits', 'float32').data, done * dataset.classes.length);
      done += ids.length;
      onProgress?.(`${codecName(codec)}, ${part}`, done, samples.length);
      // ONNX Runtime blocks this thread; give signals a turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { logits, bytes: [...bytes] };
  }

  async function encode(codec: PictureCodec): Promise<number> {
    let bytes = 0;
    let done = 0;
    for (const sample of parts.validation) {
      signal?.throwIfAborted();
      bytes += (await encodedPicture(await sample.load(), codec)).length;
      done++;
      onProgress?.(`${codecName(codec)}, bytes`, done, parts.validation.length);
    }
    return bytes / done;
  }

  return {
    teacher,
    step,
    validation,
    sampled,
    async meanBytes(codec) {
      const name = `bytes ${codecName(codec)}`.replaceAll(' ', '-');
      const saved = await checkpoint.load<{ meanBytes: number }>(name);
      if (saved) return saved.notes.meanBytes;
      const meanBytes = await encode(codec);
      await checkpoint.save(name, { tensors: {}, notes: { meanBytes } });
      return meanBytes;
    },
    async answer(part, codec) {
      const name = `${part} ${codecName(codec)}`.replaceAll(' ', '-');
      const saved = await checkpoint.load<{ bytes: readonly number[] }>(name);
      if (saved) return { logits: pickTensor(saved.tensors, 'logits', 'float32').data, bytes: saved.notes.bytes };
      const { logits, bytes } = await compute(part, codec);
      const rows = tensor('float32', [parts[part].length, dataset.classes.length], logits);
      await checkpoint.save(name, { tensors: { logits: rows }, notes: { bytes } });
      return { logits, bytes };
    },
    [Symbol.asyncDispose]: async () => (await loading)?.close(),
  };
}

/** The whole network with a classifier: `image` `uint8[N, 224, 224, 3]` to `logits` `float32[N, classes]`. */
function loadNetwork(runtime: Runtime, folded: FoldedConvolutions, tensors: TensorMap): Promise<Session> {
  const graph = createGraph('pictures');
  const parameters = constantParameters(graph, tensors);
  const convolutions = constantConvolutions(graph, folded);
  const map = front(input(graph, 'image', 'uint8', ['N', imageSize, imageSize, 3]), 'conv4_x', convolutions, 'read');
  const pooled = tail(map, 'conv4_x', convolutions);
  output('logits', classifier(pooled, parameters('classifier/weights'), parameters('classifier/bias')));
  return runtime.createSession(serializeGraph(graph));
}

/** So many items (or all), evenly over a list. */
function evenly<Item>(items: readonly Item[], count: number): Item[] {
  const step = Math.max(1, items.length / count);
  return items.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
}
