/**
 * The package as its users get it: packed, unpacked into an empty project that has the declared dependencies and nothing
 * else (no optional peer, no development package), imported by name.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { extract } from 'tar';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

const root = fileURLToPath(new URL('../..', import.meta.url));
const manifest = z
  .object({
    version: z.string(),
    exports: z.record(z.string(), z.unknown()),
    dependencies: z.record(z.string(), z.string()),
    peerDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
const packReport = z
  .array(z.object({ filename: z.string(), unpackedSize: z.number(), files: z.array(z.object({ path: z.string() })) }))
  .length(1);

let project = '';
let paths: readonly string[] = [];
let unpackedBytes = 0;

beforeAll(async () => {
  run(root, ['--input-type=module', '-e', `import { buildWhenStale } from './scripts/build.js'; buildWhenStale();`]);
  project = mkdtempSync(join(tmpdir(), 'aecnn-consumer-'));
  const pack = spawnSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', project], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(pack.status, pack.stderr).toBe(0);
  const [report] = packReport.parse(JSON.parse(pack.stdout));
  paths = report?.files.map(({ path }) => path) ?? [];
  unpackedBytes = report?.unpackedSize ?? 0;

  const installed = join(project, 'node_modules', 'aecnn');
  mkdirSync(installed, { recursive: true });
  await extract({ file: join(project, report?.filename ?? ''), cwd: installed, strip: 1 });
  writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }');
  for (const name of Object.keys(manifest.dependencies)) link(name);
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

function link(name: string): void {
  mkdirSync(dirname(join(project, 'node_modules', name)), { recursive: true });
  symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name));
}

function run(cwd: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('it holds what runs and the licence, and neither sources nor tests', () => {
  expect(paths).toEqual(expect.arrayContaining(['LICENSE', 'bin/aecnn.js', 'dist/cli/main.js', 'package.json']));
  expect(paths.filter((path) => /^(src|test|bench|scripts|out)\/|\.test\.|\.built$|tsbuildinfo/.test(path))).toEqual(
    [],
  );
});

test('it is small: code, models of at most 8 MB each, and a page of 4 MB where that is built', () => {
  expect(unpackedBytes).toBeGreaterThan(50_000);
  expect(unpackedBytes).toBeLessThan(16_000_000);
});

const entries = Object.keys(manifest.exports).filter((entry) => entry !== './package.json');

test.each(entries)('importing aecnn + %s needs no optional peer and says nothing', (entry) => {
  const name = entry.replace(/^\./, 'aecnn');
  const script = `console.log(Object.keys(await import(${JSON.stringify(name)})).length > 0)`;
  expect(run(project, ['--input-type=module', '-e', script])).toEqual({ status: 0, stdout: 'true\n', stderr: '' });
});

test('the command runs from the package', () => {
  const bin = join(project, 'node_modules', 'aecnn', 'bin', 'aecnn.js');
  expect(run(project, [bin, '--version'])).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: '' });
});
