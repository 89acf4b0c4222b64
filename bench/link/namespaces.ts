/**
 * Two network namespaces, one for each end: what happens in them reaches neither this machine's network nor each other's,
 * but over the link between them.
 *
 * The twist: the kernel keeps a namespace when its maker is killed, so the name holds the maker's process id, and the next
 * run removes those of the dead.
 */

import { EnvironmentError } from '../../src/core/errors.ts';
import { run } from './run.ts';

/** An end of the link. */
export type End = 'device' | 'edge';

/** The two namespaces. */
export interface Namespaces extends AsyncDisposable {
  /** Names, as `ip netns` knows them. */
  readonly names: Readonly<Record<End, string>>;
}

const namePattern = /^aecnn-(\d+)-(?:device|edge)$/;

/**
 * Makes both namespaces and removes those of runs that were killed.
 *
 * @throws {@link EnvironmentError} that says what is missing, when this machine or this user cannot.
 */
export async function createNamespaces(): Promise<Namespaces> {
  await requireTools();
  await removeOfDeadRuns();
  const names = { device: `aecnn-${process.pid}-device`, edge: `aecnn-${process.pid}-edge` };
  const close = async (): Promise<void> => {
    await Promise.all(Object.values(names).map(remove));
  };
  try {
    for (const name of Object.values(names)) await add(name);
  } catch (error) {
    await close();
    throw error;
  }
  return { names, [Symbol.asyncDispose]: close };
}

async function requireTools(): Promise<void> {
  if (process.platform !== 'linux') throw new EnvironmentError('network namespaces need Linux: run it there');
  if (process.getuid?.() !== 0) {
    throw new EnvironmentError('network namespaces need root: run it as root, e.g. sudo npm run bench:link');
  }
  for (const tool of ['ip', 'tc']) {
    await run(tool, '-V').catch((cause: unknown) => {
      throw new EnvironmentError(`the program "${tool}" is missing: install it, e.g. apt-get install iproute2`, {
        cause,
      });
    });
  }
}

async function add(name: string): Promise<void> {
  try {
    await run('ip', 'netns', 'add', name);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EnvironmentError(`no network namespace can be made here, a container needs to be privileged: ${reason}`, {
      cause,
    });
  }
  await run('ip', '-n', name, 'link', 'set', 'lo', 'up');
}

/** One that is gone already is as good as removed. */
async function remove(name: string): Promise<void> {
  await run('ip', 'netns', 'del', name).catch(() => undefined);
}

async function removeOfDeadRuns(): Promise<void> {
  const names = (await run('ip', 'netns', 'list')).split('\n').map((line) => line.split(' ')[0] ?? '');
  for (const name of names) {
    const [, pid] = namePattern.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) await remove(name);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
