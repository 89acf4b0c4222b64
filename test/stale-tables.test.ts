/** `npm run check:docs` fails where a document or a plot differs from what the results render. */

import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

let copy = '';
beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'aecnn-tables-'));
  for (const name of ['README.md', 'docs', 'results']) cpSync(join(root, name), join(copy, name), { recursive: true });
});
afterEach(() => rmSync(copy, { recursive: true, force: true }));

/** Changes a file of the copy; throws where that would change nothing. */
function edit(name: string, from: RegExp, to: string): void {
  const text = readFileSync(join(copy, name), 'utf8');
  const edited = text.replace(from, to);
  if (edited === text) throw new Error(`${name} has no ${from}`);
  writeFileSync(join(copy, name), edited);
}

test('a figure that is typed into a table, a result that is not rendered yet and a plot that was edited fail the check', {
  timeout: 300_000,
}, async () => {
  edit('README.md', /(<!-- results:evaluate-caltech101-conv4x -->[\s\S]*?accuracy, compressed \| )[\d.]+/, '$199.99');
  edit('results/paper/aecnn-conv4x-packet-seed0.json', /("trainingSeconds": )\d/, '$19');
  edit('docs/plots/attention.svg', /<svg/, '<svg class="edited"');
  const script = join(root, 'scripts', 'render-results.ts');
  const { exitCode, stderr } = await new Promise<{ exitCode: number | null; stderr: string }>((resolve) => {
    const child = execFile(process.execPath, ['--import', 'tsx', script, '--check', '--root', copy], (_, __, stderr) =>
      resolve({ exitCode: child.exitCode, stderr }),
    );
  });
  const stale = ['README.md', 'docs/results.md', 'docs/plots/attention.svg'];
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: stale.map((name) => `${name} is stale: run "npm run render"\n`).join(''),
  });
});
