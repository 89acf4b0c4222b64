/**
 * The device as its users build it: the packed package installed by npm into a project outside of this repository, the
 * README's examples, a live edge. In Node, and in Chromium without onnxruntime-node.
 */

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeviceAnswer } from '../../src/device/index.ts';
import { createEdgeServer, type EdgeServer } from '../../src/edge/index.ts';
import { createNodeRuntime } from '../../src/runtime/node.ts';
import { launchChromium } from '../fixtures/chromium.ts';
import { tinySplitModel } from '../fixtures/tiny-split-model.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sample = join(root, 'samples', 'cup', 'image_0029.jpg');
const versions: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
).devDependencies;

const folder = mkdtempSync(join(tmpdir(), 'aecnn-user-'));
let tarball = '';
const { model, files } = await tinySplitModel();
const modelFolder = join(folder, 'model');
mkdirSync(modelFolder);
for (const [name, bytes] of files) writeFileSync(join(modelFolder, name), bytes);

beforeAll(() => {
  run(
    process.execPath,
    ['--input-type=module', '-e', `import { buildWhenStale } from './scripts/build.js'; buildWhenStale();`],
    root,
  );
  run('npm', ['run', '--silent', 'build:web', '--', '--logLevel', 'warn'], root);
  const pack = run('npm', ['pack', '--silent', '--pack-destination', folder], root);
  tarball = join(folder, pack.trim().split('\n').at(-1) ?? '');
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, args: readonly string[], cwd: string): string {
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', env });
  expect(status, `${command} ${args.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
}

/** A project with the package and some peers, from npm. */
function projectWith(name: string, peers: readonly string[]): string {
  const project = join(folder, name);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }');
  const packages = peers.map((peer) => `${peer}@${versions[peer]}`);
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--silent', '--ignore-scripts'];
  run('npm', ['install', ...quiet, tarball, ...packages], project);
  return project;
}

const readme = readFileSync(join(root, 'README.md'), 'utf8');

test.each(['device-node.mjs', 'device-browser.js'])('the README shows examples/%s as it is', (name) => {
  expect(readme).toContain(readFileSync(join(root, 'examples', name), 'utf8').trim());
});

async function serve(page?: string): Promise<EdgeServer> {
  const runtime = await createNodeRuntime({ threads: 1 });
  return createEdgeServer({ models: [model], runtime, port: 0, ...(page !== undefined && { web: { page } }) });
}

test('the package has the page', () => {
  expect(run('tar', ['tzf', tarball], folder)).toContain('package/web/dist/index.html');
});

test('in Node', { timeout: 240_000 }, async () => {
  const project = projectWith('node', ['onnxruntime-node', 'sharp']);
  cpSync(join(root, 'examples', 'device-node.mjs'), join(project, 'device.mjs'));
  await using server = await serve();
  const child = await runAsync(project, ['device.mjs', modelFolder, server.url, sample]);
  expect(JSON.parse(child)).toMatchObject({ via: 'edge', inTime: true, label: expect.any(String) });
});

test('in Chromium, through a bundler, without onnxruntime-node', { timeout: 240_000 }, async (context) => {
  const launched = await launchChromium();
  if ('missing' in launched) return context.skip(launched.missing);
  const { browser } = launched;
  try {
    const project = projectWith('browser', ['onnxruntime-web']);
    for (const absent of ['onnxruntime-node', 'sharp']) {
      expect(existsSync(join(project, 'node_modules', absent))).toBe(false);
    }
    cpSync(join(root, 'examples', 'device-browser.js'), join(project, 'device.js'));
    writeFileSync(
      join(project, 'main.js'),
      `import { openClassifier } from './device.js';
       const classify = await openClassifier('/web/models/${model.manifest.modelId}/', location.origin);
       globalThis.classify = async () => classify(await (await fetch('/sample.jpg')).blob());`,
    );
    writeFileSync(
      join(project, 'index.html'),
      '<!doctype html><html lang="en"><title>A user</title><script type="module" src="/main.js"></script></html>',
    );
    mkdirSync(join(project, 'public'));
    cpSync(sample, join(project, 'public', 'sample.jpg'));
    await build({ root: project, configFile: false, logLevel: 'error', build: { target: 'es2023' } });
    await using server = await serve(join(project, 'dist'));
    const page = await browser.newPage();
    await page.goto(server.url);
    await page.waitForFunction(() => 'classify' in globalThis, undefined, { timeout: 60_000 });
    const answer = await page.evaluate(() =>
      (globalThis as unknown as { classify: () => Promise<DeviceAnswer> }).classify(),
    );
    expect(answer).toMatchObject({ via: 'edge', inTime: true });
  } finally {
    await browser.close();
  }
});

/** Not `spawnSync`: the edge answers in this process meanwhile. */
async function runAsync(cwd: string, args: readonly string[]): Promise<string> {
  const { execFile } = await import('node:child_process');
  const { promisify } = await import('node:util');
  const { stdout } = await promisify(execFile)(process.execPath, [...args], { cwd });
  return stdout;
}
