/** What a trained AECNN does: real frames of the validation part, then of the test part. */

import type { TensorMap } from '../../../../core/tensor/index.ts';
import { onePacketBytes } from '../../../../core/wire/index.ts';
import {
  accuracyOf,
  answerFrames,
  fitCoding,
  makeFrames,
  type StepContext,
  type Tail,
} from '../../../training/index.ts';
import type { PaperResult, TestMeasure } from '../paper-result.ts';
import { frameBytesOf, testMeasure } from '../test-measure.ts';
import { deflateBytes, rawBytes } from './codings.ts';
import { sentEnds } from './compressor-size.ts';
import type { AecnnRun } from './train-aecnn.ts';

/** Entropy tables, then frames of the validation part, then, once, of the test part. */
export async function measureAecnn(
  run: AecnnRun,
  test: StepContext,
  name: string,
  tensors: TensorMap,
  tail: Tail,
): Promise<{ test: TestMeasure[]; validation: PaperResult['validation'][number] }> {
  const { context: trainedWith, shape, options, log } = run;
  const { split, size } = options;
  const frameBytes = sentEnds(split, size, trainedWith.recipe.frameBytes);
  const context = { ...trainedWith, recipe: { ...trainedWith.recipe, frameBytes } };
  const startedAt = performance.now();
  const coding = await fitCoding(context, shape, tensors);
  log.add(`entropy tables (${name})`, (performance.now() - startedAt) / 1000);
  const compressor = { shape, tensors, coding, tail };
  const maxBytes = size === 'packet' ? onePacketBytes : Number.POSITIVE_INFINITY;
  const answers = async (part: StepContext) => {
    const made = await makeFrames(part, compressor, part.set.validation, maxBytes);
    return { ...made, logits: await answerFrames(part, compressor, made.frames, made.frameModel) };
  };
  const held = await answers(context);
  const sent = await answers(test);
  const of = (coding: string, bytes: readonly number[]): TestMeasure =>
    testMeasure(`${name}, ${coding}`, test.set, sent.logits, bytes);
  const raw = rawBytes(coding.entropyModel);
  return {
    validation: {
      name,
      accuracy: accuracyOf(context.set, context.set.validation, held.logits),
      bytes: frameBytesOf(held.frames.map((frame) => frame.length)),
    },
    test: [
      of(
        'entropy coded',
        sent.frames.map((frame) => frame.length),
      ),
      of(
        'raw bits',
        sent.symbols.map(() => raw),
      ),
      of('deflate', sent.symbols.map(deflateBytes)),
    ],
  };
}
