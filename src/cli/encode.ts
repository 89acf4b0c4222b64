/** `aecnn encode`: one picture to one frame in a file, as the device would send it. */

import type { Command } from 'commander';
import { createImageCompressor } from '../device/index.ts';
import { atomicWriteFile } from '../lab/files/index.ts';
import { createNodeRuntime } from '../runtime/node.ts';
import { decodePicture } from '../runtime/picture.ts';
import { openModelFolder } from './model-folder.ts';
import { type GlobalOptions, positiveInteger } from './options.ts';
import { printJson, printLine, runCommand } from './output.ts';

interface EncodeOptions extends GlobalOptions {
  readonly out: string;
  readonly maxBytes?: number;
}

/** Adds `aecnn encode` to the program. */
export function registerEncode(program: Command): void {
  program
    .command('encode')
    .description('compress a picture to a frame, the bytes that a device sends')
    .argument('<model>', 'folder of a split model')
    .argument('<image>', 'a picture: JPEG, PNG, WebP, AVIF, GIF or TIFF')
    .requiredOption('--out <file>', 'where to write the frame')
    .option(
      '--max-bytes <number>',
      'leave out trailing chunks to keep to so many bytes (default: 1200)',
      positiveInteger,
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ aecnn encode my-model cat.jpg --out cat.aec\n  $ aecnn encode my-model cat.jpg --out cat.aec --max-bytes 300 --json',
    )
    .action((folder: string, image: string, options: EncodeOptions) =>
      runCommand(async () => {
        const { out, maxBytes, threads, json } = options;
        const model = await openModelFolder(folder);
        const picture = await decodePicture(image);
        const runtime = await createNodeRuntime({ worker: false, ...(threads !== undefined && { threads }) });
        await using compressor = await createImageCompressor(model, runtime);
        const { frame, chunks } = await compressor.compress(picture, maxBytes === undefined ? {} : { maxBytes });
        await atomicWriteFile(out, frame);
        const of = model.manifest.chunks;
        if (json)
          printJson({
            out,
            modelId: model.manifest.modelId,
            frameBytes: frame.length,
            chunks: { encoded: chunks, of },
          });
        else printLine(`${out}: ${frame.length} bytes, ${chunks} of ${of} chunks`);
      }),
    );
}
