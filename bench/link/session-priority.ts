/**
 * Puts this session ahead of others: a deadline that a compiler in another terminal makes somebody miss says nothing of the
 * device.
 *
 * The twist: where the kernel groups processes by session, `nice` only decides within a session (sched(7), "The autogroup
 * feature"), so the group's own niceness is what has to change.
 */

import { readFile, writeFile } from 'node:fs/promises';

const file = '/proc/self/autogroup';
const mostUrgent = -19;

/** Raises it until disposed; does nothing where there are no such groups, or without the right to. */
export async function raiseSessionPriority(): Promise<AsyncDisposable> {
  const before = await readFile(file, 'utf8').catch(() => '');
  const [, niceness] = /nice (-?\d+)/.exec(before) ?? [];
  const set = async (value: string | undefined): Promise<void> => {
    if (value !== undefined) await writeFile(file, value).catch(() => undefined);
  };
  await set(niceness && `${mostUrgent}`);
  return { [Symbol.asyncDispose]: () => set(niceness) };
}
