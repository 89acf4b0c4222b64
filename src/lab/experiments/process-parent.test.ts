/** Children live no longer than their parent, and their failures reach it. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EnvironmentError } from '../../core/errors.ts';
import type { LinkProxyHandlers } from './link-proxy-process.ts';
import { startChild } from './process-parent.ts';

const entry = new URL('./link-proxy-process', import.meta.url);
const link = 'fixed:1gbit,rtt=0ms';

/** Whether a process still runs. Where nobody reaps orphans (a container's first process), the dead stay as zombies. */
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

test('a call is answered, and a failure of the child is one of the parent', async () => {
  await using child = startChild<LinkProxyHandlers>(entry, { name: 'the link' });
  const { ports } = await child.call('open', { link, targets: [{ host: '127.0.0.1', port: 1 }] });
  expect(ports).toHaveLength(1);
  await expect(child.call('open', { link: 'fixed:fast', targets: [] })).rejects.toMatchObject({ code: 'USAGE' });
  await expect(child.call('open', { link: 'trace:/nowhere', targets: [] })).rejects.toThrow(
    /the link failed: Error: ENOENT/,
  );
});

test('a child that ended answers no call', async () => {
  const child = startChild<LinkProxyHandlers>(entry, { name: 'the link' });
  await child.close();
  await expect(child.call('count', null)).rejects.toThrow(EnvironmentError);
});

test('a module that is not there is an error, not a wait', async () => {
  const child = startChild<LinkProxyHandlers>(new URL('./nowhere', import.meta.url), { name: 'the link' });
  await expect(child.call('count', null)).rejects.toThrow(/the link ended unexpectedly/);
});

test('a child ends when its parent is killed', async () => {
  const script = `
    import { fork } from 'node:child_process';
    const child = fork(${JSON.stringify(`${entry.pathname}.ts`)}, [], { execArgv: ['--import', 'tsx'] });
    child.on('message', () => console.log(child.pid));
    child.send({ id: 1, name: 'count', argument: null });`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(parent.stdout, 'data');
  const pid = Number(line);
  expect(isAlive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await expect.poll(() => isAlive(pid), { timeout: 30_000 }).toBe(false);
});
