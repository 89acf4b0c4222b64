/** Opens the split model that a command is given as a folder. */

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelError } from '../core/errors.ts';
import { cropSide, shorterSide } from '../core/image/index.ts';
import { readSplitModel, type SplitModel } from '../core/model/index.ts';

/**
 * Reads a split model from a folder; its graphs are read and verified when asked for.
 *
 * @throws {@link ModelError} when there is no such folder, a file is missing or damaged, or the model takes pictures of
 *   another size than this program decodes.
 */
export async function openModelFolder(folder: string): Promise<SplitModel> {
  const found = await stat(folder).catch((cause: unknown) => {
    throw new ModelError(
      `there is no model folder "${folder}": give the folder that "aecnn train" or "aecnn build" wrote`,
      { cause },
    );
  });
  if (!found.isDirectory()) {
    throw new ModelError(`"${folder}" is a file: give the folder of a split model, the one that holds manifest.json`);
  }
  const names = await readdir(folder);
  if (!names.includes('manifest.json') && names.some((name) => name.endsWith('.safetensors'))) {
    throw new ModelError(
      `"${folder}" holds trained tensors and no split model: build it first, with "aecnn build ${folder} --out <folder>"`,
    );
  }
  const model = await readSplitModel((name) => readFile(join(folder, name)));
  const { preprocessing } = model.manifest;
  if (preprocessing.crop !== cropSide || preprocessing.shorterSide !== shorterSide) {
    throw new ModelError(
      `the model takes pictures resized to ${preprocessing.shorterSide} and cropped to ${preprocessing.crop}, this ` +
        `aecnn decodes to ${shorterSide} and ${cropSide}: install the aecnn that wrote the model`,
    );
  }
  return model;
}
