/** `aecnn decode`: the answer to a frame in a file, as the edge would give it. */

import { type FileHandle, open } from 'node:fs/promises';
import type { Command } from 'commander';
import { UsageError, WireFormatError } from '../core/errors.ts';
import { createEdgeModel } from '../edge/index.ts';
import { createNodeRuntime } from '../runtime/node.ts';
import { openModelFolder } from './model-folder.ts';
import type { GlobalOptions } from './options.ts';
import { logWarning, printJson, printLine, runCommand, table } from './output.ts';

/** A frame has at most 255 chunks of 2,051 bytes and a header of 12. */
const maxFrameBytes = 12 + 255 * 2051;

/** Adds `aecnn decode` to the program. */
export function registerDecode(program: Command): void {
  program
    .command('decode')
    .description('answer a frame; one that was cut or broken after its first whole chunk gets an answer and a warning')
    .argument('<model>', 'folder of the split model that the frame was made with')
    .argument('<frame>', 'a file that "aecnn encode" wrote')
    .addHelpText('after', '\nExamples:\n  $ aecnn decode my-model cat.aec\n  $ aecnn decode my-model cat.aec --json')
    .action((folder: string, frameFile: string, options: GlobalOptions) =>
      runCommand(async () => {
        const { threads, json } = options;
        const model = await openModelFolder(folder);
        const frame = await readFrame(frameFile);
        const runtime = await createNodeRuntime({ worker: false, ...(threads !== undefined && { threads }) });
        await using edgeModel = await createEdgeModel(model, runtime);
        const { top, chunks, warning } = await edgeModel.infer({ requestId: 0, frame }).catch((error: unknown) => {
          throw refused(error, frameFile);
        });
        if (warning !== undefined) logWarning(`${frameFile}: ${warning}`);
        if (json) {
          printJson({ top, chunks });
          return;
        }
        printLine(
          table(
            ['label', 'probability'],
            top.map(({ label, probability }) => [label, probability.toFixed(3)]),
          ),
        );
        printLine(`${chunks.decoded} of ${chunks.of} chunks decoded`);
      }),
    );
}

async function readFrame(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    if ((await file.stat()).isDirectory()) throw noFrame(path, 'a folder');
    // What a device such as /dev/zero has to give never ends: no size tells.
    const { bytesRead, buffer } = await readFully(file, new Uint8Array(maxFrameBytes + 1));
    if (bytesRead > maxFrameBytes) throw noFrame(path, `more than the ${maxFrameBytes} bytes that a frame can have`);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function readFully(file: FileHandle, buffer: Uint8Array): Promise<{ bytesRead: number; buffer: Uint8Array }> {
  let bytesRead = 0;
  for (;;) {
    const chunk = await file.read(buffer, bytesRead, buffer.length - bytesRead);
    bytesRead += chunk.bytesRead;
    if (chunk.bytesRead === 0) return { bytesRead, buffer };
  }
}

function noFrame(path: string, got: string): UsageError {
  return new UsageError(`${path} is no frame but ${got}: give a file that "aecnn encode" wrote`);
}

/** Says which file it was, and what to do. */
function refused(error: unknown, path: string): unknown {
  if (!(error instanceof WireFormatError)) return error;
  return new UsageError(`${path}: ${error.message}. Give a whole frame, as "aecnn encode" writes it`, { cause: error });
}
