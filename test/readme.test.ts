/** The README is executed: its commands and options exist, its library example runs, what it links to is there. */

import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEdgeServer } from '../src/edge/index.ts';
import { createNodeRuntime } from '../src/runtime/node.ts';
import { tinySplitModel, writeTinySplitModel } from './fixtures/tiny-split-model.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = (language: string): string[] =>
  Array.from(readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm')), ([, body = '']) => body);

const samples = Array.from(readme.matchAll(/samples\/\w+\/\w+\.jpg/g), ([path]) => path);
const commands = blocks('sh')
  .flatMap((block) => block.split('\n'))
  .flatMap((line) => /^npx aecnn ([^#]*)/.exec(line)?.[1]?.trim() ?? []);

test('the README shows commands', () => {
  expect(commands.length).toBeGreaterThan(8);
});

test('every command of the README exists and knows the options that are given to it', {
  timeout: 120_000,
}, async () => {
  const nameOf = (line: string): string => /^experiment \w+|^\S+/.exec(line)?.[0] ?? '';
  const names = [...new Set(commands.map(nameOf))];
  const helps = new Map<string, string>();
  // The launcher compiles when it must: once, before several run.
  await run(process.execPath, [join(root, 'bin/aecnn.js'), '--version']);
  const queue = names.values();
  const readHelps = async () => {
    for (const name of queue) {
      const { stdout } = await run(process.execPath, [join(root, 'bin/aecnn.js'), ...name.split(' '), '--help']);
      helps.set(name, stdout);
    }
  };
  await Promise.all([readHelps(), readHelps()]);
  for (const line of commands) {
    const command = nameOf(line);
    expect(helps.get(command), `aecnn ${command}`).toBeDefined();
    for (const option of line.split(/\s+/).filter((word) => word.startsWith('--'))) {
      expect(helps.get(command), `aecnn ${command} ${option}`).toContain(option);
    }
  }
});

describe('the library example', { timeout: 120_000 }, () => {
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aecnn-readme-'));
    await run(process.execPath, [join(root, 'bin/aecnn.js'), '--version']);
    await mkdir(join(folder, 'node_modules'));
    await symlink(root, join(folder, 'node_modules/aecnn'));
    await writeTinySplitModel({}, join(folder, 'out/model'));
    const [sample = ''] = samples;
    await cp(join(root, sample), join(folder, 'photo.jpg'));
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Runs the example against a port of this machine; one that does not end is killed, which rejects. */
  async function runExample(port: number | string): Promise<unknown> {
    const [example = ''] = blocks('js');
    const file = `example-${port}.mjs`;
    await writeFile(join(folder, file), example);
    const given = ['out/model', `http://127.0.0.1:${port}`, 'photo.jpg'];
    const { stdout, stderr } = await run(process.execPath, [file, ...given], { cwd: folder, timeout: 60_000 });
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  }

  test('is answered by the device when no edge listens, and ends', async () => {
    expect(await runExample(9)).toMatchObject({ via: 'device' });
  });

  test('is answered by an edge that listens, and ends', async () => {
    const { model } = await tinySplitModel();
    await using server = await createEdgeServer({ models: [model], runtime: await createNodeRuntime(), port: 0 });
    expect(await runExample(new URL(server.url).port)).toMatchObject({ via: 'edge' });
  });
});

test('files that the README links to or names are in the repository', () => {
  const links = Array.from(readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g), ([, path = '']) => path);
  expect(links.length).toBeGreaterThan(3);
  expect([...links, ...samples].filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
