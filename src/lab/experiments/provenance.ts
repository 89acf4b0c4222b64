/** Where numbers come from: commit, versions, machine, command. A result without it cannot be trusted or rerun. */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What a result is measured with and on. */
export interface Provenance {
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly command: string;
  /** Commit of the checkout, with `+changes` when a file differs from it; absent without git. */
  readonly commit?: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGb: number; readonly os: string };
}

const root = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Collects the provenance of a run in this process.
 *
 * @param command - The command line as a person would type it.
 */
export async function provenance(command: string): Promise<Provenance> {
  const commit = await commitOf(root);
  const [cpu] = cpus();
  return {
    date: new Date().toISOString(),
    command,
    ...(commit !== undefined && { commit }),
    versions: {
      aecnn: await versionIn(`${root}package.json`),
      node: process.versions.node,
      'onnxruntime-node': await versionOf('onnxruntime-node'),
      sharp: await versionOf('sharp'),
    },
    machine: {
      cpu: cpu?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 2 ** 30),
      os: `${process.platform} ${process.arch}`,
    },
  };
}

async function commitOf(folder: string): Promise<string | undefined> {
  const git = (...args: string[]) => promisify(execFile)('git', ['-C', folder, ...args]);
  try {
    const { stdout: top } = await git('rev-parse', '--show-prefix');
    // Installed into somebody else's repository: their commit says nothing about this program.
    if (top.trim() !== '') return undefined;
    const { stdout: commit } = await git('rev-parse', 'HEAD');
    const { stdout: changes } = await git('status', '--porcelain', '--untracked-files=no');
    return commit.trim() + (changes === '' ? '' : '+changes');
  } catch {
    return undefined;
  }
}

async function versionOf(name: string): Promise<string> {
  return versionIn(`${root}node_modules/${name}/package.json`);
}

async function versionIn(path: string): Promise<string> {
  try {
    const parsed: { version?: unknown } = JSON.parse(await readFile(path, 'utf8'));
    return String(parsed.version ?? 'unknown');
  } catch {
    return 'unknown';
  }
}
