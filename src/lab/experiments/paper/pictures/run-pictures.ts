/**
 * The picture itself as a rival in the paper's experiment: JPEG, WebP and AVIF at many sides and qualities, answered by the
 * uncompressed network. The choice for each number of bytes is made on the validation part; the test part is read once for
 * each codec chosen, at the quality chosen, so its mean bytes are measured and may differ a little from the budget.
 */

import { accuracyOf, rowsOf } from '../../../training/index.ts';
import { type PaperContext, teacherLogitsOf, testContextOf } from '../paper-context.ts';
import type { PaperResult } from '../paper-result.ts';
import { frameBytesOf, testMeasure } from '../test-measure.ts';
import { openPictureNetwork, type PictureNetwork } from './picture-answers.ts';
import {
  type BudgetChoice,
  candidateCodecs,
  chooseForBudget,
  codecsToTest,
  defaultPictureGrid,
  highestQualityWithin,
  meanDivergence,
  type PictureGrid,
  type SampledCodec,
  sidesToFill,
  type ValidatedCodec,
} from './picture-choice.ts';
import { codecName, encoderSettings, type PictureCodec, type PictureFormat } from './picture-codecs.ts';

/** All that led to a choice. */
interface PictureChoices {
  readonly sampled: readonly SampledCodec[];
  readonly validated: readonly ValidatedCodec[];
  /** One for each budget of the grid. */
  readonly choices: readonly BudgetChoice[];
}

/** Chooses codecs for the budgets of a grid; what was answered before is not answered again. */
async function choosePictureCodecs(network: PictureNetwork, grid: PictureGrid): Promise<PictureChoices> {
  const { step, sampled: samples, validation, teacher } = network;
  const { set } = step;
  const uncompressed = rowsOf(await teacherLogitsOf(step, teacher), set.classes, samples).data;
  const sampled: SampledCodec[] = [];
  const validated: ValidatedCodec[] = [];
  for (const format of grid.formats) {
    const ofFormat = await sampleCodecs(network, grid, format, uncompressed);
    sampled.push(...ofFormat);
    const coarse = candidateCodecs(ofFormat, grid);
    const filling = await fillingCodecs(network, grid, format, ofFormat);
    for (const codec of distinct([...coarse, ...filling])) {
      const { logits, bytes } = await network.answer('validation', codec);
      validated.push({ codec, bytes: frameBytesOf(bytes), accuracy: accuracyOf(set, validation, logits) });
    }
  }
  return { sampled, validated, choices: grid.budgets.map((budget) => chooseForBudget(validated, budget)) };
}

/** Every side and quality of a format on the small sample, but for qualities beyond one that exceeds the largest budget. */
async function sampleCodecs(
  network: PictureNetwork,
  { sides, qualities, budgets }: PictureGrid,
  format: PictureFormat,
  uncompressed: Float32Array,
): Promise<SampledCodec[]> {
  const { classes } = network.step.set;
  const sampled: SampledCodec[] = [];
  for (const side of sides) {
    for (const quality of qualities) {
      const codec = { format, side, quality };
      const { logits, bytes } = await network.answer('sample', codec);
      const meanBytes = frameBytesOf(bytes).mean;
      sampled.push({ codec, meanBytes, divergence: meanDivergence(uncompressed, logits, classes) });
      if (meanBytes > Math.max(...budgets)) break;
    }
  }
  return sampled;
}

/** The codecs of a format that fill the budgets: on all pictures for validation, since the mean of a sample is not theirs. */
async function fillingCodecs(
  network: PictureNetwork,
  { budgets, filledSides }: PictureGrid,
  format: PictureFormat,
  sampled: readonly SampledCodec[],
): Promise<PictureCodec[]> {
  const filling: PictureCodec[] = [];
  for (const budget of budgets) {
    for (const side of sidesToFill(sampled, budget, filledSides)) {
      const meanBytesAt = (quality: number) => network.meanBytes({ format, side, quality });
      const quality = await highestQualityWithin(budget, meanBytesAt);
      if (quality !== undefined) filling.push({ format, side, quality });
    }
  }
  return filling;
}

/** Each codec once, though several lists have it. */
const distinct = (codecs: readonly PictureCodec[]): PictureCodec[] => [
  ...new Map(codecs.map((codec) => [codecName(codec), codec])).values(),
];

/** What a result notes of a choice. */
const noteOf = ({ budgetBytes, best, ofFormats }: BudgetChoice) =>
  ofFormats.map(({ codec, bytes, accuracy }) => ({
    budgetBytes,
    ...codec,
    name: codecName(codec),
    isBest: codec === best?.codec,
    validationAccuracy: accuracy,
    validationBytes: bytes.mean,
  }));

/**
 * Measures pictures against bytes; a run that was broken off goes on where it was.
 *
 * @returns `notes.chosen` has a row for each budget and format that fits, `isBest` for the best format of a budget.
 */
export async function runPictures(
  context: PaperContext,
  seed: number,
  grid: PictureGrid = defaultPictureGrid,
): Promise<Omit<PaperResult, 'id' | 'provenance'>> {
  await using network = await openPictureNetwork(context, seed, grid);
  const { step, teacher } = network;
  const { sampled, validated, choices } = await choosePictureCodecs(network, grid);
  const { set } = testContextOf(context, step);
  const test = [];
  for (const codec of codecsToTest(choices, grid)) {
    const { logits, bytes } = await network.answer('test', codec);
    test.push(testMeasure(codecName(codec), set, logits, bytes));
  }
  return {
    method: 'pictures',
    seed,
    settings: { grid, encoderSettings },
    steps: [{ name: 'teacher', seconds: teacher.seconds }],
    trainingSeconds: teacher.seconds,
    history: [],
    validation: validated.map(({ codec, bytes, accuracy }) => ({ name: codecName(codec), accuracy, bytes })),
    test,
    notes: {
      chosen: choices.flatMap(noteOf),
      budgetsWithoutCodec: choices.flatMap(({ best, budgetBytes }) => (best ? [] : [budgetBytes])),
      sampled: sampled.map(({ codec, meanBytes, divergence }) => ({ name: codecName(codec), meanBytes, divergence })),
    },
  };
}
