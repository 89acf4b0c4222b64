/**
 * Which pictures of a data set do what in the paper's experiment: the teacher learns from all training pictures but those of
 * the validation part; compressors, whose training is what takes the time, from so many of each class of the same pictures.
 * All methods and all seeds have the same parts.
 */

import { createRandom, shuffled } from '../../../core/tensor/index.ts';
import { type Dataset, limitPerClass, type Sample } from '../../datasets/index.ts';
import { heldBack } from '../../training/index.ts';
import type { PaperProtocol } from './protocol.ts';

/** A data set, divided. */
export interface PaperParts {
  /** Its training part: what compressors are fitted on, then the validation part. */
  readonly dataset: Dataset;
  /** Samples at the front of it that compressors are fitted on. */
  readonly fitted: number;
  /** What the teacher is fitted on. */
  readonly teacherSamples: readonly Sample[];
}

/** The protocol without what the data set adds to it. */
export type ProtocolChoices = Omit<
  PaperProtocol,
  'trainImages' | 'compressorImages' | 'validationImages' | 'testImages'
>;

/** Divides a data set, and completes the protocol with the sizes of the parts. */
export function paperParts(
  whole: Dataset,
  choices: ProtocolChoices,
): { readonly parts: PaperParts; readonly protocol: PaperProtocol } {
  const train = limitPerClass(whole.train, choices.picturesPerClass);
  const test = limitPerClass(whole.test, choices.picturesPerClass);
  const everyone = train.map((_, i) => i);
  const labels = Int32Array.from(train, ({ label }) => label);
  const order = shuffled(everyone, createRandom(whole.seed));
  const held = heldBack(order, labels, choices.validationShare);
  const teacherSamples = train.filter((_, i) => !held.has(i));
  const compressorSamples = limitPerClass(teacherSamples, choices.trainPerClass);
  const validation = train.filter((_, i) => held.has(i));
  return {
    parts: {
      dataset: { ...whole, train: [...compressorSamples, ...validation], test },
      fitted: compressorSamples.length,
      teacherSamples,
    },
    protocol: {
      ...choices,
      trainImages: teacherSamples.length,
      compressorImages: compressorSamples.length,
      validationImages: validation.length,
      testImages: test.length,
    },
  };
}
