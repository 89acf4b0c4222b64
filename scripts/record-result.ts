/**
 * Runs a command of aecnn with `--json` and keeps what it prints in `results/<name>.json`, with what one must know to
 * repeat it: command, commit, date, seconds, machine, versions.
 *
 *   npx tsx scripts/record-result.ts <name> -- <command of aecnn and its options>
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { provenance } from '../src/lab/experiments/index.ts';
import { atomicWriteFile } from '../src/lab/files/index.ts';

const [name, dashes, ...command] = process.argv.slice(2);
if (name === undefined || dashes !== '--' || command.length === 0) {
  process.stderr.write('usage: npx tsx scripts/record-result.ts <name> -- <command of aecnn and its options>\n');
  process.exit(2);
}

const quoted = (word: string): string => (/^[\w./:=@-]+$/.test(word) ? word : `'${word}'`);
const root = fileURLToPath(new URL('..', import.meta.url));
const circumstances = await provenance(`npx aecnn ${command.map(quoted).join(' ')} --json`);
const startedAt = performance.now();
const run = spawnSync('node', [`${root}/bin/aecnn.js`, ...command, '--json'], {
  encoding: 'utf8',
  maxBuffer: 2 ** 28,
  stdio: ['ignore', 'pipe', 'inherit'],
});
if (run.status !== 0) process.exit(run.status ?? 1);

const record = {
  provenance: circumstances,
  seconds: Math.round((performance.now() - startedAt) / 1000),
  result: JSON.parse(run.stdout) as unknown,
};
await atomicWriteFile(`${root}/results/${name}.json`, `${JSON.stringify(record, null, 2)}\n`);
process.stderr.write(`results/${name}.json\n`);
