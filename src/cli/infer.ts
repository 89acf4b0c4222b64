/** `aecnn infer`: pictures in, answers out, through an edge or without one. */

import { type Command, InvalidArgumentError } from 'commander';
import { DeadlineError, ImageError } from '../core/errors.ts';
import {
  createDevice,
  type DeviceAnswer,
  defaultTimeoutMs,
  type InferOptions,
  maxTimeoutMs,
  type Transport,
} from '../device/index.ts';
import { createNodeTransport } from '../device/transport/node.ts';
import { createNodeRuntime } from '../runtime/node.ts';
import { decodePicture } from '../runtime/picture.ts';
import { openModelFolder } from './model-folder.ts';
import { fraction, type GlobalOptions, positiveInteger } from './options.ts';
import { logWarning, printJson, printLine, runCommand, table } from './output.ts';
import { picturePaths } from './picture-paths.ts';

interface InferCommandOptions extends GlobalOptions {
  readonly edge?: string;
  readonly maxBytes?: number;
  readonly timeout: number;
  readonly deadline?: number;
  readonly skipAbove?: number;
}

/** One picture with its answer. */
interface PictureAnswer {
  readonly image: string;
  readonly answer: DeviceAnswer;
}

/** What became of all pictures: those without an answer cost the others nothing. */
interface Answers {
  readonly answers: readonly PictureAnswer[];
  readonly unanswered: readonly Unanswered[];
}

/** Why a picture has no answer: it cannot be read, or its deadline is too short for the device itself. */
type Unanswered = ImageError | DeadlineError;

/** Adds `aecnn infer` to the program. */
export function registerInfer(program: Command): void {
  program
    .command('infer')
    .description('classify pictures through an edge; when it cannot be reached, the device answers itself')
    .argument('<model>', 'folder of a split model')
    .argument('<images...>', 'pictures, or folders of pictures')
    .option('--edge <url>', 'address of an edge, e.g. http://127.0.0.1:8080; without it the device answers itself')
    .option(
      '--max-bytes <number>',
      'leave out trailing chunks to keep to so many bytes (default: 1200)',
      positiveInteger,
    )
    .option(
      '--timeout <ms>',
      'milliseconds to wait for the edge without a deadline',
      timeoutMilliseconds,
      defaultTimeoutMs,
    )
    .option(
      '--deadline <ms>',
      'answer each picture within so many milliseconds, whoever can by then',
      timeoutMilliseconds,
    )
    .option(
      '--skip-above <probability>',
      "do not ask the edge when the device's own answer is at least so probable, 0 to 1",
      fraction,
    )
    .addHelpText(
      'after',
      `
Times are in milliseconds and begin with the decoded picture; link = the device's wait less what the edge reports.
With --deadline the device sends what the link carries in time, chunk by chunk. "edge-prefix" is the edge's answer from the
chunks that had arrived by then, "device" the device's own. A deadline that the device cannot meet by itself is refused.
Pictures that cannot be read are named on stderr and leave exit code 2; the others are answered all the same.

Examples:
  $ aecnn infer my-model cat.jpg --edge http://127.0.0.1:8080
  $ aecnn infer my-model photos/ --edge http://127.0.0.1:8080 --json
  $ aecnn infer my-model photos/ --edge http://127.0.0.1:8080 --deadline 200`,
    )
    .action((folder: string, images: string[], options: InferCommandOptions) =>
      runCommand(async (signal) => {
        const { edge } = options;
        // An address that is none is the user's mistake; an edge that is away is not.
        await using transport = edge === undefined ? undefined : createNodeTransport(edge);
        const { answers, unanswered } = await inferAll(folder, images, transport, options, signal);
        warnOfEdge(answers);
        if (answers.length > 0) {
          if (options.json) printJson(answers.map(toJson));
          else printLine(answerTable(answers));
        }
        reportUnanswered(unanswered);
      }),
    );
}

/** Parses a time that a timer can wait for. */
export function timeoutMilliseconds(text: string): number {
  const timeoutMs = positiveInteger(text);
  if (timeoutMs <= maxTimeoutMs) return timeoutMs;
  throw new InvalidArgumentError(`Expected at most ${maxTimeoutMs} (about 24 days), got ${JSON.stringify(text)}.`);
}

async function inferAll(
  folder: string,
  images: readonly string[],
  transport: Transport | undefined,
  { threads, maxBytes, timeout, deadline, skipAbove }: InferCommandOptions,
  signal: AbortSignal,
): Promise<Answers> {
  const model = await openModelFolder(folder);
  const paths = await picturePaths(images);
  const runtime = await createNodeRuntime(threads === undefined ? {} : { threads });
  await using device = await createDevice({ model, runtime, timeoutMs: timeout, ...(transport && { transport }) });
  const inferOptions: InferOptions = {
    ...(maxBytes !== undefined && { maxBytes }),
    ...(deadline !== undefined && { deadlineMs: deadline }),
    ...(skipAbove !== undefined && { skipAbove }),
  };
  const answers: PictureAnswer[] = [];
  const unanswered: Unanswered[] = [];
  for (const image of paths) {
    signal.throwIfAborted();
    try {
      const picture = await decodePicture(image);
      answers.push({ image, answer: await device.infer(picture, inferOptions) });
    } catch (error) {
      if (!(error instanceof ImageError || error instanceof DeadlineError)) throw error;
      unanswered.push(error);
    }
  }
  return { answers, unanswered };
}

function warnOfEdge(answers: readonly PictureAnswer[]): void {
  const reasons = new Map<string, number>();
  for (const { image, answer } of answers) {
    if (answer.warning !== undefined) logWarning(`${image}: ${answer.warning}`);
    const reason = answer.edgeError?.message;
    if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  for (const [reason, count] of reasons) {
    logWarning(`the device itself answered ${count} of ${answers.length}, since ${reason}`);
  }
}

/** @throws the error of the one picture without an answer, or, of several, one for all after a line for each. */
function reportUnanswered(unanswered: readonly Unanswered[]): void {
  const [first, ...others] = unanswered;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  for (const { message } of unanswered) logWarning(message);
  const unreadable = unanswered.filter((error) => error instanceof ImageError).length;
  if (unreadable === unanswered.length) {
    throw new ImageError(`${unreadable} pictures cannot be read: mend them, or leave them out`);
  }
  throw new DeadlineError(
    `${unanswered.length} pictures have no answer, see above: give them a later --deadline, or mend them`,
  );
}

function toJson({ image, answer }: PictureAnswer) {
  const { top, via, inTime, frameBytes, chunks, timeMs } = answer;
  const rounded = (ms: number) => Math.round(ms * 1000) / 1000;
  const { device, link, edge, total } = timeMs;
  return {
    image,
    top,
    via,
    inTime,
    frameBytes,
    chunks,
    timeMs: { device: rounded(device), link: rounded(link), edge: rounded(edge), total: rounded(total) },
  };
}

function answerTable(answers: readonly PictureAnswer[]): string {
  const rows = answers.map(({ image, answer: { top, via, frameBytes, timeMs } }) => [
    image,
    top[0]?.label,
    top[0]?.probability.toFixed(2),
    via,
    frameBytes,
    ...[timeMs.device, timeMs.link, timeMs.edge, timeMs.total].map((ms) => ms.toFixed(1)),
  ]);
  return table(['image', 'answer', 'p', 'via', 'bytes', 'device ms', 'link ms', 'edge ms', 'total ms'], rows);
}
