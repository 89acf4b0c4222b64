/** Runs commands in processes of their own: exit codes and signals belong to a process. */

import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const imports = `
  import { runCommand } from ${JSON.stringify(new URL('./run-command.ts', import.meta.url).href)};
  import { DatasetError } from ${JSON.stringify(new URL('../core/errors.ts', import.meta.url).href)};
  const forever = (signal) => new Promise((resolve, reject) => {
    setInterval(() => {}, 1000);
    signal.addEventListener('abort', () => reject(signal.reason));
    console.log('started');
  });`;

function start(script: string, stdout: 'pipe' | number = 'pipe'): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', imports + script], {
    stdio: ['ignore', stdout, 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => {
    text.stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    text.stderr += chunk;
  });
  return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, ...text }))) };
}

test('a command that works exits with 0', async () => {
  expect(await start('runCommand(async () => console.log(7));').ended).toEqual({ code: 0, stdout: '7\n', stderr: '' });
});

test('a mistake of the user is one line and exit code 2', async () => {
  const ended = await start("runCommand(async () => { throw new DatasetError('no classes in /d'); });").ended;
  expect(ended).toEqual({ code: 2, stdout: '', stderr: 'error: no classes in /d\n' });
});

test('a bug is exit code 1 with a stack', async () => {
  const ended = await start('runCommand(async () => { null.x; });').ended;
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain('    at ');
});

test('a handle that was left open does not keep the process', async () => {
  expect((await start('runCommand(async () => { setInterval(() => {}, 1000); });').ended).code).toBe(0);
});

test.each([
  ['SIGINT', '', 130],
  ['SIGTERM', '', 143],
  ['SIGINT', ', { stoppedExitCode: 0 }', 0],
] as const)('%s lets the action clean up (options%s)', async (signal, options, code) => {
  const { child, ended } = start(`
    runCommand(async (signal) => { try { await forever(signal); } finally { console.log('cleaned up'); } }${options});`);
  child.stdout?.once('data', () => child.kill(signal));
  expect(await ended).toEqual({ code, stdout: 'started\ncleaned up\n', stderr: '' });
});

test('a second Ctrl-C ends an action that does not stop', async () => {
  const { child, ended } = start(`
    runCommand(async (signal) => {
      signal.addEventListener('abort', () => console.log('asked'));
      await forever(new AbortController().signal);
    });`);
  child.stdout?.on('data', () => child.kill('SIGINT'));
  expect((await ended).code).toBe(130);
});

test('a reader that goes away is silent and stops the action', async () => {
  const { child, ended } = start(`
    runCommand(async (signal) => {
      setInterval(() => console.log('x'.repeat(10_000)), 1);
      await forever(signal);
    });`);
  child.stdout?.once('data', () => child.stdout?.destroy());
  const { code, stderr } = await ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

test('a full disk under stdout is exit code 2', async () => {
  const { ended } = start("runCommand(async () => console.log('result'));", openSync('/dev/full', 'w'));
  expect((await ended).code).toBe(2);
});
