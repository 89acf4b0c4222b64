/**
 * Compiles `src/` to `dist/`: `npm run build`, and `bin/aecnn.js` in a checkout whose `dist/` is stale.
 *
 * The twist: several commands may find `dist/` stale at once, and an older command may still be importing from it. Each
 * compiles into a folder of its own and then renames file by file into `dist/`, so that at any moment every file there is
 * whole; that needs no lock, and two of them merely do the same work twice.
 */

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
/** Its time is the moment at which the build began that made dist/. */
const stamp = join(dist, '.built');

/**
 * Compiles when `dist/` is missing or older than a source. Types are not checked here (`npm run check` does): a
 * command should start soon.
 */
export function buildWhenStale() {
  if (!isStale()) return;
  if (!existsSync(compiler)) {
    process.stderr.write('error: aecnn cannot compile itself: TypeScript is not installed. Run "npm ci" first.\n');
    process.exit(2);
  }
  process.stderr.write('aecnn: compiling src/ to dist/ (only after a change of a source)\n');
  build({ checkTypes: false });
}

/** Compiles all of `src/`; ends the process with exit code 1 when it does not compile. */
export function build({ checkTypes }) {
  const began = new Date();
  mkdirSync(join(root, 'out'), { recursive: true });
  const fresh = mkdtempSync(join(root, 'out', 'dist-'));
  try {
    const options = ['-p', join(root, 'tsconfig.build.json'), '--outDir', fresh, '--noCheck', String(!checkTypes)];
    const compile = spawnSync(process.execPath, [compiler, ...options], { stdio: ['ignore', 2, 2] });
    if (compile.status !== 0) {
      process.stderr.write('error: src/ does not compile, see above; dist/ is as it was.\n');
      process.exitCode = 1;
    } else {
      replaceFiles(fresh, began);
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  if (process.exitCode === 1) process.exit(1);
}

function replaceFiles(fresh, began) {
  const wanted = new Set(filesIn(fresh).map((path) => relative(fresh, path)));
  for (const path of wanted) {
    mkdirSync(dirname(join(dist, path)), { recursive: true });
    renameSync(join(fresh, path), join(dist, path));
  }
  for (const path of filesIn(dist)) {
    if (path !== stamp && !wanted.has(relative(dist, path))) rmSync(path, { force: true });
  }
  writeFileSync(stamp, '');
  utimesSync(stamp, began, began);
}

function isStale() {
  if (!existsSync(stamp)) return true;
  const builtMs = statSync(stamp).mtimeMs;
  const settings = ['package.json', 'tsconfig.json', 'tsconfig.build.json'].map((name) => join(root, name));
  return [...settings, ...filesIn(join(root, 'src'))].some((path) => modifiedMs(path) > builtMs);
}

/** 0 for a file that went away in the meantime. */
function modifiedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  build({ checkTypes: true });
}
