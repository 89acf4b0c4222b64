/**
 * The child's side of a process that another one started: calls in, results out, over Node's IPC channel.
 *
 * The twist: the channel closes when the parent closes it and when the parent dies, however it dies; either way the child
 * cleans up and ends. Ctrl-C reaches every process of a terminal: the child leaves it to its parent.
 */

import { AecnnError, type AecnnErrorCode } from '../../core/errors.ts';

/** What a child process can be asked: names to functions of one argument that can be sent as JSON. */
export type Handlers = Readonly<Record<string, (argument: never) => Promise<unknown>>>;

/** A call, as it is sent to the child. */
export interface CallMessage {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

/** Its result, as it is sent back. An error of this project keeps its code. */
export type ResultMessage =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | {
      readonly id: number;
      readonly ok: false;
      readonly error: { readonly code?: AecnnErrorCode; readonly message: string };
    };

/** How long cleaning up may take. */
const closeTimeoutMs = 1000;

/**
 * Answers the parent's calls until the channel closes, then ends the process.
 *
 * @param onClose - Cleans up; given a second.
 */
export function serveParent(handlers: Handlers, onClose: () => Promise<void>): void {
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => {
    setTimeout(() => process.exit(0), closeTimeoutMs);
    void onClose().finally(() => process.exit(0));
  });
  process.on('message', (message: CallMessage) => {
    void answer(handlers, message).then((result) => {
      if (process.connected) process.send?.(result);
    });
  });
}

async function answer(handlers: Handlers, { id, name, argument }: CallMessage): Promise<ResultMessage> {
  try {
    const handler = handlers[name];
    if (handler === undefined) throw new RangeError(`this process has no "${name}"`);
    return { id, ok: true, value: await handler(argument as never) };
  } catch (error) {
    if (error instanceof AecnnError) return { id, ok: false, error: { code: error.code, message: error.message } };
    return {
      id,
      ok: false,
      error: { message: error instanceof Error ? (error.stack ?? error.message) : String(error) },
    };
  }
}
