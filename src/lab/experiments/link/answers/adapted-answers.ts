/**
 * What networks that were adapted to a picture codec answered to the test part: read from the results of the paper's
 * experiment, which trained one for each of a few numbers of bytes.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DatasetError, EnvironmentError } from '../../../../core/errors.ts';
import type { Dataset } from '../../../datasets/index.ts';
import { adaptedBudgets } from '../../paper/grid.ts';
import { type PictureCodec, pictureFormats } from '../../paper/pictures/picture-codecs.ts';

/** A network that knows pictures of one codec. */
export interface AdaptedAnswers {
  readonly codec: PictureCodec;
  /** Mean bytes of the files that it answered, six digits: another mean on the same test part means other pictures. */
  readonly meanBytes: number;
  /** Whether it answered each picture of the test part rightly, in the order of `Dataset.test`. */
  readonly right: readonly boolean[];
}

const testSchema = z.object({
  bytes: z.object({ mean: z.number().positive() }),
  /** `1` for each test picture that was answered rightly. */
  right: z.string().regex(/^[01]+$/),
});

/** The part of a `PaperResult` of the method `adapted-pictures` that is read here. */
const resultSchema = z.object({
  method: z.literal('adapted-pictures'),
  settings: z.object({
    codec: z.object({
      format: z.enum(pictureFormats),
      side: z.int().positive(),
      quality: z.int().min(1).max(100),
    }),
  }),
  // First the adapted network, then the same pictures answered by the uncompressed one.
  test: z.tuple([testSchema], testSchema),
});

/**
 * Reads the answers of all adapted networks, for the smallest number of bytes first.
 *
 * @param folder - Results of the paper's experiment: `results/paper`.
 * @param dataset - The data set that the experiment was run on, with all of its test part.
 * @throws {@link EnvironmentError} when a result is missing or damaged.
 * @throws {@link DatasetError} when a result is of other test pictures, as far as their number and the split's seed tell.
 */
export async function readAdaptedAnswers(
  folder: string,
  dataset: Pick<Dataset, 'test' | 'seed' | 'name'>,
): Promise<AdaptedAnswers[]> {
  const answers: AdaptedAnswers[] = [];
  // One after the other, so that the first one missing is the one that is named.
  for (const budget of adaptedBudgets) {
    const path = join(folder, `adapted-pictures-${budget}-seed0.json`);
    const { settings, test } = await readResult(path);
    const [adapted] = test;
    const right = Array.from(adapted.right, (digit) => digit === '1');
    if (right.length !== dataset.test.length || dataset.seed !== 0) {
      throw new DatasetError(
        `${path} has answers to ${right.length} test pictures of the split with seed 0, but the test part of ` +
          `${dataset.name} with seed ${dataset.seed} has ${dataset.test.length}: give the data set that the paper's ` +
          'experiment was run on, whole, or run it on this one (aecnn experiment paper)',
      );
    }
    answers.push({ codec: settings.codec, meanBytes: adapted.bytes.mean, right });
  }
  return answers;
}

async function readResult(path: string): Promise<z.infer<typeof resultSchema>> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new EnvironmentError(
      `there are no answers of an adapted network in ${path}: run "aecnn experiment paper --only adapted-pictures" first`,
      { cause },
    );
  });
  try {
    return resultSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new EnvironmentError(`${path} is no result of an adapted network: run its experiment again`, { cause });
  }
}
