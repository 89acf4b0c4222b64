/**
 * Plants one violation of each rule of .dependency-cruiser.cjs in a copy of the sources and expects every one of them to be
 * found. A rule that matches nothing, and a cruiser that sees no TypeScript, pass silently otherwise.
 */

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const config: { forbidden: { name: string }[] } = createRequire(import.meta.url)('../.dependency-cruiser.cjs');

/** Rule -> the file that breaks it, and its text. */
const plants: Readonly<Record<string, readonly [file: string, text: string]>> = {
  'layer: core/tensor': ['src/core/tensor/planted.ts', "import '../codec/index.ts';"],
  'layer: core/image': ['src/core/image/planted.ts', "import '../codec/index.ts';"],
  'layer: core/codec': ['src/core/codec/planted.ts', "import type {} from '../wire/index.ts';"],
  'layer: core/wire': ['src/core/wire/planted.ts', "import '../link/index.ts';"],
  'layer: core/link': ['src/core/link/planted.ts', "import '../codec/index.ts';"],
  'layer: core/model': ['src/core/model/planted.ts', "import '../wire/index.ts';"],
  'layer: core/index.ts': ['src/core/index.ts', "import '../cli/target/index.ts'; import './tensor/float16.ts';"],
  'core-door-through-the-entries': ['src/core/index.ts', ''],
  'layer: core/errors.ts': ['src/core/errors.ts', "import './tensor/index.ts';"],
  'layer: core/clock.ts': ['src/core/clock.ts', "import './tensor/index.ts';"],
  'layer: runtime': ['src/runtime/planted.ts', "import '../cli/target/index.ts';"],
  'layer: device': ['src/device/planted.ts', "import '../edge/target/index.ts';"],
  'layer: edge': ['src/edge/planted.ts', "import '../lab/graph/index.ts';"],
  'layer: lab/files': ['src/lab/files/planted.ts', "import '../graph/index.ts';"],
  'layer: lab/graph': ['src/lab/graph/planted.ts', "import '../../runtime/session.ts';"],
  'layer: lab/weights': ['src/lab/weights/planted.ts', "import '../graph/index.ts';"],
  'layer: lab/autodiff': ['src/lab/autodiff/planted.ts', "import '../networks/index.ts';"],
  'layer: lab/networks': ['src/lab/networks/planted.ts', "import '../autodiff/target/index.ts';"],
  'layer: lab/datasets': ['src/lab/datasets/planted.ts', "import '../graph/index.ts';"],
  'layer: lab/evaluation': ['src/lab/evaluation/planted.ts', "import '../graph/index.ts';"],
  'layer: lab/build': ['src/lab/build/planted.ts', "import '../../runtime/session.ts';"],
  'layer: lab/training': ['src/lab/training/planted.ts', "import '../experiments/target/index.ts';"],
  'layer: lab/experiments': ['src/lab/experiments/planted.ts', "import '../../unlisted/index.ts';"],
  'layer: cli': ['src/cli/planted.ts', "import '../unlisted/index.ts';"],
  'listed-folders': ['src/cli/planted.ts', ''],
  'no-cycles': ['src/lab/graph/round-1.ts', "import type {} from './round-2.ts';"],
  'through-the-entry': ['src/edge/around.ts', "import '../core/tensor/float16.ts';"],
  'outside-through-the-entry': ['scripts/planted.ts', "import '../src/core/tensor/float16.ts';"],
  'onnxruntime-door': ['src/edge/runs.ts', "await import('onnxruntime-node');"],
  'sharp-door': ['src/edge/draws.ts', "import 'sharp';"],
  'no-node-in-browsers': ['src/core/codec/reads.ts', "import 'node:fs';"],
  'browser-packages': ['src/device/serves.ts', "import 'fastify';"],
  'no-tests-in-sources': ['src/edge/tests.ts', "import '../../test/reporter/summary-reporter.ts';"],
  'no-development-packages-in-sources': ['src/edge/checks.ts', "import 'fast-check';"],
  resolvable: ['src/edge/lost.ts', "import './nowhere.ts';"],
};

/** Files that the planted imports lead to and that may not exist yet. */
const targets: Readonly<Record<string, string>> = {
  'src/core/link/index.ts': '',
  'src/lab/networks/index.ts': '',
  'src/cli/target/index.ts': '',
  'src/edge/target/index.ts': '',
  'src/unlisted/index.ts': '',
  'src/lab/autodiff/target/index.ts': '',
  'src/lab/experiments/target/index.ts': '',
  'src/lab/graph/round-2.ts': "import type {} from './round-1.ts';",
};

let copy = '';
let report = '';
let exitCode: number | null = null;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'aecnn-layers-'));
  for (const name of ['src', 'test', 'scripts', 'package.json', 'tsconfig.json', '.dependency-cruiser.cjs']) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const [file, text] of Object.entries(targets)) if (!existsSync(join(copy, file))) plant(file, text);
  for (const [file, text] of Object.values(plants)) if (text !== '') plant(file, text);
  const cruiser = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const run = spawnSync(
    process.execPath,
    [cruiser, '--config', '.dependency-cruiser.cjs', '--output-type', 'err', 'src', 'test', 'scripts'],
    { cwd: copy, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' } },
  );
  report = run.stdout + run.stderr;
  exitCode = run.status;
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function plant(file: string, text: string): void {
  mkdirSync(dirname(join(copy, file)), { recursive: true });
  writeFileSync(join(copy, file), `${text}\nexport {};\n`);
}

test('every rule has its plant', () => {
  expect(Object.keys(plants).sort()).toEqual(config.forbidden.map(({ name }) => name).sort());
});

test('the cruiser sees the sources and fails', () => {
  const sources = readdirSync(join(copy, 'src'), { recursive: true }).filter((name) => String(name).endsWith('.ts'));
  const seen = Number(/(\d+) modules/.exec(report)?.[1]);
  expect(seen, report).toBeGreaterThanOrEqual(sources.length);
  expect(exitCode).not.toBe(0);
});

test.each(Object.entries(plants))('%s', (rule, [file]) => {
  // For example: "error no-cycles: src/a.ts → src/b.ts"
  expect(
    report.split('\n').filter((line) => line.includes(`error ${rule}: ${file}`)),
    report,
  ).not.toEqual([]);
});
