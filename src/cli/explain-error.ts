/**
 * What the person at the terminal reads when a command fails, and the exit code that goes with it.
 *
 * 2 = their input or machine (one sentence, no stack), 1 = our bug (message, stack, where to report).
 */

import { AecnnError } from '../core/errors.ts';

/** Exit code for the user's input or environment: arguments, files, disk, network, port. */
export const inputErrorExitCode = 2;

/** Exit code for a mistake of this program. */
const bugExitCode = 1;

/** What to print on stderr, and how to exit. */
export interface Explanation {
  readonly message: string;
  readonly exitCode: number;
}

/** Fields that Node puts on the errors of the operating system. */
interface SystemError {
  readonly code: string;
  readonly path: string;
  readonly address: string;
}

/**
 * What each error of the operating system means to the user, and the remedy.
 */
const systemErrors: Readonly<Record<string, (error: SystemError) => string>> = {
  ENOSPC: ({ path }) => `The disk is full${at(path)}. Free some space, or choose another disk with --cache or --out.`,
  EDQUOT: ({ path }) => `The disk quota is used up${at(path)}. Free some space, or choose another disk.`,
  EROFS: ({ path }) => `The file system is read-only${at(path)}. Choose a folder that can be written.`,
  EACCES: ({ path, address }) =>
    address === ''
      ? `No permission${at(path)}. Change the permissions, or choose another folder.`
      : `No permission to listen on ${address}. Choose a port of 1024 or above with --port.`,
  EPERM: ({ path }) => `The operation is not permitted${at(path)}. Change the permissions, or choose another folder.`,
  ENOENT: ({ path }) => `No such file or folder${at(path)}. Check the path.`,
  ENOTDIR: ({ path }) => `A part of the path is a file, not a folder${at(path)}. Check the path.`,
  EEXIST: ({ path }) => `Something of that name is there already${at(path)}. Choose another name.`,
  ELOOP: ({ path }) => `Symbolic links go round in a circle${at(path)}. Check the path.`,
  EBUSY: ({ path }) => `It is in use by the system${at(path)}. Choose another path.`,
  EIO: ({ path }) => `The disk cannot be read or written${at(path)}. Check the disk.`,
  EFBIG: ({ path }) => `The file is larger than the file system or the limit (ulimit -f) allows${at(path)}.`,
  EISDIR: ({ path }) => `Expected a file, got a folder${at(path)}. Check the path.`,
  ENAMETOOLONG: ({ path }) => `The name is too long for the file system${at(path)}. Choose a shorter one.`,
  EMFILE: () => 'Too many open files. Raise the limit (ulimit -n) and try again.',
  EADDRINUSE: ({ address }) => `${address} is in use. Stop the program that listens there, or choose another --port.`,
  EADDRNOTAVAIL: ({ address }) => `${address} is not an address of this machine. Choose another --host.`,
  ECONNREFUSED: ({ address }) => `Nothing listens at ${address}. Check the address, and that the server runs.`,
  ENOTFOUND: ({ address }) => `The host ${address} cannot be found. Check the network and the name.`,
  EAI_AGAIN: ({ address }) => `The host ${address} cannot be looked up now. Check the network, or use --offline.`,
  ETIMEDOUT: ({ address }) => `No answer from ${address} in time. Check the network and try again.`,
  ECONNRESET: () => 'The connection was closed by the other side. Try again.',
};

/**
 * Explains an error that ended a command: the first error in its chain of causes that is one of ours or the system's.
 *
 * @param error - Whatever was thrown.
 * @returns the text for stderr (no line end) and the exit code.
 */
export function explainError(error: unknown): Explanation {
  for (const cause of causes(error)) {
    // Our own message already names the file and the remedy; a full disk underneath it is no reason to lose them.
    if (cause instanceof AecnnError) return { message: `error: ${oneLine(cause)}`, exitCode: inputErrorExitCode };
    const system = asSystemError(cause);
    const explain = Object.hasOwn(systemErrors, system.code) ? systemErrors[system.code] : undefined;
    if (explain !== undefined) return { message: `error: ${explain(system)}`, exitCode: inputErrorExitCode };
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    message: `internal error: ${detail}\nThis is a bug in aecnn. Please report it with the command and the lines above.`,
    exitCode: bugExitCode,
  };
}

function* causes(error: unknown): Generator<Error> {
  const seen = new Set<unknown>();
  const waiting = [error];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (!(next instanceof Error) || seen.has(next)) continue;
    seen.add(next);
    yield next;
    if (next instanceof AggregateError) waiting.push(...next.errors);
    waiting.push(next.cause);
  }
}

function asSystemError(error: Error): SystemError {
  const field = (name: string) => {
    const value = Reflect.get(error, name);
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  const host = field('address') || field('hostname');
  const port = field('port');
  return { code: field('code'), path: field('dest') || field('path'), address: port ? `${host}:${port}` : host };
}

function oneLine(error: AecnnError): string {
  return error.message.replaceAll(/\s*\n\s*/g, ' ');
}

function at(path: string): string {
  return path === '' ? '' : ` (${path})`;
}
