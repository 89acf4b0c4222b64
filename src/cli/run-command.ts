/**
 * Runs the action of a command: errors become one sentence and an exit code, Ctrl-C becomes an abort signal.
 *
 * The twist: the process must end even when a mistake leaves a worker thread or a socket open, and must not end before
 * stdout is written out; so the exit code is set, and a timer that keeps nothing alive ends what still lingers.
 */

import { constants } from 'node:os';
import { explainError, inputErrorExitCode } from './explain-error.ts';

/** How long open handles may linger after the action before the process ends all the same. */
const lingerMs = 2000;

/** How one command behaves. */
export interface RunCommandOptions {
  /**
   * Exit code after Ctrl-C or SIGTERM, once the action has cleaned up. Left out: 128 + the signal's number (130, 143).
   * A server, for which this is the normal end, gives 0.
   */
  readonly stoppedExitCode?: number;
}

/**
 * Runs the action of a command and sets the exit code of the process: 0, 2 for the user's input or environment, 1 for a
 * bug, 130 after Ctrl-C. Never rejects.
 *
 * @param action - Does the work. It gets a signal that Ctrl-C and SIGTERM abort: it then cleans up and returns or
 *   throws, both count as stopped. A second Ctrl-C ends the process as soon as it is heard: a computation that blocks the
 *   thread (the closed form of a training, some seconds) ends first.
 */
export async function runCommand(
  action: (signal: AbortSignal) => Promise<void>,
  options: RunCommandOptions = {},
): Promise<void> {
  const stop = new AbortController();
  let exitCode: number | undefined;

  const onSignal = (name: NodeJS.Signals) => {
    const signalCode = 128 + constants.signals[name];
    if (stop.signal.aborted) process.exit(signalCode);
    exitCode = options.stoppedExitCode ?? signalCode;
    if (process.stderr.isTTY) process.stderr.write('\nstopping; once more to stop at once\n');
    stop.abort(new Error(`stopped by ${name}`));
  };
  // Nobody reads on (`aecnn ... | head`), or the disk that stdout goes to is full: go no further. main.ts says why.
  const onStdoutError = (error: NodeJS.ErrnoException) => {
    exitCode = stdoutErrorExitCode(error) || (exitCode ?? 0);
    process.exitCode = exitCode;
    stop.abort(error);
  };

  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.stdout.on('error', onStdoutError);
  try {
    await action(stop.signal);
    exitCode ??= 0;
  } catch (error) {
    if (exitCode === undefined) {
      const explanation = explainError(error);
      process.stderr.write(`${explanation.message}\n`);
      exitCode = explanation.exitCode;
    }
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
  process.exitCode = exitCode;
  setTimeout(() => process.exit(), lingerMs).unref();
}

/** Exit code for an error of stdout: a reader that went away is no mistake of anyone. */
export function stdoutErrorExitCode(error: NodeJS.ErrnoException): number {
  return error.code === 'EPIPE' ? 0 : inputErrorExitCode;
}
