/**
 * Starts a child process from one of this project's modules and calls it, over Node's IPC channel.
 *
 * The twist: the modules are TypeScript in a checkout's tests and JavaScript in `dist/`, so an entry is named without its
 * ending.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AecnnError, EnvironmentError } from '../../core/errors.ts';
import type { CallMessage, Handlers, ResultMessage } from './process-child.ts';

/** A running child process. */
export interface Child<H extends Handlers> extends AsyncDisposable {
  /**
   * Calls a handler of the child.
   *
   * @throws {@link AecnnError} what the handler threw; {@link EnvironmentError} when the child ended before it answered.
   */
  call<N extends keyof H & string>(name: N, argument: Parameters<H[N]>[0]): Promise<Awaited<ReturnType<H[N]>>>;
  /** Lets the child clean up, then ends it. */
  close(): Promise<void>;
}

/** Options of {@link startChild}. */
export interface StartChildOptions {
  /** What to call the process in messages, e.g. `the edge process`. */
  readonly name: string;
  /** Calls under way are rejected with its reason, and the child is ended. */
  readonly signal?: AbortSignal;
  /** Program and arguments that start the child in another place, e.g. `ip netns exec NAME`; it must become the child (exec). */
  readonly within?: readonly string[];
}

/** How long a child may take to end. */
const endTimeoutMs = 2000;

const isTypeScript = import.meta.url.endsWith('.ts');

/**
 * Starts a module as a process.
 *
 * @param entry - URL of the module without `.ts` or `.js`; it calls `serveParent`.
 */
export function startChild<H extends Handlers>(entry: URL, { name, signal, within = [] }: StartChildOptions): Child<H> {
  const [execPath = process.execPath, ...execArgv] = [...within, process.execPath];
  const child = fork(fileURLToPath(`${entry.href}${isTypeScript ? '.ts' : '.js'}`), [], {
    execPath,
    execArgv: [...execArgv, ...(isTypeScript ? ['--import', 'tsx'] : [])],
    // Whatever the child prints is for the person who waits: stdout belongs to the result.
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>();
  let nextId = 0;
  let ended: EnvironmentError | undefined;
  const exited = new Promise<void>((resolve) => {
    const end = (how: string) => {
      ended ??= new EnvironmentError(
        `${name} ended unexpectedly (${how}): see above, or free some memory and try again`,
      );
      for (const { reject } of pending.values()) reject(ended);
      pending.clear();
      resolve();
    };
    child.once('exit', (code, endSignal) => end(endSignal ?? `exit code ${code}`));
    child.once('error', (error) => end(error.message));
  });
  child.on('message', (message: ResultMessage) => {
    const call = pending.get(message.id);
    pending.delete(message.id);
    if (message.ok) call?.resolve(message.value);
    else call?.reject(errorOf(name, message.error));
  });

  const onAbort = () => {
    for (const { reject } of pending.values()) reject(signal?.reason);
    pending.clear();
    void close();
  };
  signal?.addEventListener('abort', onAbort, { once: true });

  function call<N extends keyof H & string>(handler: N, argument: unknown): Promise<Awaited<ReturnType<H[N]>>> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (ended !== undefined) return reject(ended);
      const message: CallMessage = { id: nextId++, name: handler, argument };
      // The child is this project's own code: its results have the type that its handlers declare.
      pending.set(message.id, { resolve: resolve as (value: unknown) => void, reject });
      child.send(message, (error) => {
        if (error !== null && pending.delete(message.id)) reject(ended ?? error);
      });
    });
  }

  async function close(): Promise<void> {
    signal?.removeEventListener('abort', onAbort);
    await endOf(child, exited);
  }
  return { call, close, [Symbol.asyncDispose]: close };
}

async function endOf(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs);
  await exited;
  clearTimeout(timer);
}

function errorOf(name: string, error: { readonly code?: AecnnError['code']; readonly message: string }): Error {
  if (error.code !== undefined) return new AecnnError(error.code, error.message);
  return new Error(`${name} failed: ${error.message}`);
}
