/** bin/aecnn.js in a checkout: a small one, with a source that prints which version of itself runs. */

import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiling = 'aecnn: compiling src/ to dist/ (only after a change of a source)\n';

let checkout = '';
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'aecnn-launcher-'));
  for (const name of ['bin', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.build.json']) {
    cpSync(join(root, name), join(checkout, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
  mkdirSync(join(checkout, 'src', 'cli'), { recursive: true });
  writeSource('cli/main.ts', "import { version } from '../version.ts';\nconsole.log('runs', version);\n");
  writeSource('version.ts', 'export const version: number = 1;\n');
});
afterEach(() => rmSync(checkout, { recursive: true, force: true }));

function writeSource(name: string, text: string): void {
  writeFileSync(join(checkout, 'src', name), text);
}

function launch(): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(checkout, 'bin', 'aecnn.js')], { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    text.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text.stderr += chunk;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...text })));
}

test('it compiles once, and again after a change; a source that went away goes away in dist/ too', async () => {
  writeSource('gone.ts', 'export const gone = 1;\n');
  expect(await launch()).toEqual({ code: 0, stdout: 'runs 1\n', stderr: compiling });
  expect(await launch()).toEqual({ code: 0, stdout: 'runs 1\n', stderr: '' });
  expect(existsSync(join(checkout, 'dist', 'gone.js'))).toBe(true);

  rmSync(join(checkout, 'src', 'gone.ts'));
  writeSource('version.ts', 'export const version: number = 2;\n');
  expect(await launch()).toEqual({ code: 0, stdout: 'runs 2\n', stderr: compiling });
  expect(existsSync(join(checkout, 'dist', 'gone.js'))).toBe(false);
  expect(readdirSync(join(checkout, 'out'))).toEqual([]);
});

test('three at once all work', async () => {
  const ended = await Promise.all([launch(), launch(), launch()]);
  expect(ended.map(({ code, stdout }) => ({ code, stdout }))).toEqual(Array(3).fill({ code: 0, stdout: 'runs 1\n' }));
});

test('a source that does not compile is named, and dist/ stays', async () => {
  await launch();
  writeSource('version.ts', 'export const version: number = ;\n');
  const { code, stderr } = await launch();
  expect(code).toBe(1);
  expect(stderr).toMatch(/version\.ts.*TS1109[\s\S]*does not compile/);
  expect(existsSync(join(checkout, 'dist', 'version.js'))).toBe(true);
});

test('without npm ci it says so', async () => {
  rmSync(join(checkout, 'node_modules'));
  const { code, stderr } = await launch();
  expect(code).toBe(2);
  expect(stderr).toBe('error: aecnn cannot compile itself: TypeScript is not installed. Run "npm ci" first.\n');
});
