/** `aecnn build`: trained tensors and the backbone's weights to a split model. */

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { AecnnError, ModelError } from '../core/errors.ts';
import {
  parseTrainedModel,
  requireModelFolder,
  type TrainedModel,
  trainedFileName,
  writeModel,
} from '../lab/build/index.ts';
import { openBackbone } from './backbone.ts';
import type { GlobalOptions } from './options.ts';
import { printJson, printLine, runCommand } from './output.ts';

interface BuildOptions extends GlobalOptions {
  readonly out: string;
}

/** Adds `aecnn build` to the program. */
export function registerBuild(program: Command): void {
  program
    .command('build')
    .description('put trained tensors and the weights of ResNet-50 together: a split model')
    .argument('<trained>', `trained tensors: a .safetensors file, or a folder that holds ${trainedFileName}`)
    .requiredOption('--out <model>', 'folder to write the split model to')
    .addHelpText(
      'after',
      `
Examples:
  $ aecnn build models/caltech101-conv4x --out out/caltech101-conv4x
  $ aecnn build trained.safetensors --out my-model --json

The weights are fetched once into the cache (95 MB).`,
    )
    .action((trained: string, options: BuildOptions) =>
      runCommand(async (signal) => {
        await requireModelFolder(options.out);
        const model = await readTrainedModel(trained);
        const manifest = await writeModel(options.out, model, await openBackbone(options, signal));
        if (options.json) printJson({ out: options.out, modelId: manifest.modelId, files: manifest.files });
        else
          printLine(
            `${options.out}: model ${manifest.modelId}, ${manifest.classes.length} classes, split after ${manifest.split}`,
          );
      }),
    );
}

/**
 * Reads trained tensors from a file, or from the folder that holds them.
 *
 * @throws {@link ModelError} when there are none, or the file is none of ours.
 */
async function readTrainedModel(path: string): Promise<TrainedModel> {
  const found = await stat(path).catch(() => undefined);
  const file = found?.isDirectory() ? join(path, trainedFileName) : path;
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new ModelError(`there are no trained tensors at "${file}": give a file that "aecnn train" wrote`, { cause });
  });
  try {
    return parseTrainedModel(bytes);
  } catch (cause) {
    if (!(cause instanceof AecnnError)) throw cause;
    throw new ModelError(`"${file}" cannot be used, ${cause.message}. Give the whole file that "aecnn train" wrote`, {
      cause,
    });
  }
}
