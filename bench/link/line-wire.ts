/**
 * A process between two TUN devices (`line.py`) that does to packets what netem does, for kernels without it.
 *
 * Why not tbf, which every kernel has: its bucket holds a whole packet at least, so that after a pause a frame of one packet
 * passes at once, at any rate; and it cannot delay.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { EnvironmentError } from '../../src/core/errors.ts';
import type { Namespaces } from './namespaces.ts';
import { run } from './run.ts';
import { queuePackets } from './shape.ts';
import { interfaces, type Wire } from './wire.ts';

const script = fileURLToPath(new URL('./line.py', import.meta.url));

/**
 * Joins the namespaces.
 *
 * @throws {@link EnvironmentError} when there is no Python 3 or no TUN.
 */
export async function createLineWire({ names }: Namespaces): Promise<Wire> {
  await run('python3', '-V').catch((cause: unknown) => {
    const remedy = 'use a kernel with sch_netem, or install Python 3, e.g. apt-get install python3';
    throw new EnvironmentError(`this kernel lacks netem, and Python to do its work: ${remedy}`, { cause });
  });
  const { device, edge } = interfaces;
  const program = ['python3', script, device, edge, `${queuePackets}`];
  const child = spawn('ip', ['netns', 'exec', names.device, ...program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answered = async (): Promise<void> => {
    if ((await lines.next()).done) {
      throw new EnvironmentError('the process that delays packets ended: see above; it needs the device /dev/net/tun');
    }
  };
  const close = async (): Promise<void> => {
    child.stdin.end();
    await exited;
  };
  try {
    await answered();
    await run('ip', '-n', names.device, 'link', 'set', edge, 'netns', names.edge);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    shaper: 'line.py',
    async shape(shapes) {
      child.stdin.write(`${JSON.stringify(shapes)}\n`);
      await answered();
    },
    [Symbol.asyncDispose]: close,
  };
}
