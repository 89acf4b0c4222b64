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
  /** Commit of the checkout, with `+changes` when a file that matters differs from it; absent without git. */
  readonly commit?: string;
  /** Git's hash of the folder `src` (`git rev-parse <commit>:src`): the same in every history that holds this code. */
  readonly sourceTree?: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGb: number; readonly os: string };
}

/** What a result depends on: another sentence in a document, or another result, does not make it doubtful. */
const measuredPaths = ['src', 'bin', 'bench', 'models', 'samples', 'package-lock.json'];

const root = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Collects the provenance of a run in this process.
 *
 * @param command - The command line as a person would type it.
 */
export async function provenance(command: string): Promise<Provenance> {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString(),
    command,
    ...(await codeIn(root)),
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

async function codeIn(folder: string): Promise<Pick<Provenance, 'commit' | 'sourceTree'>> {
  const git = (...args: string[]) => promisify(execFile)('git', ['-C', folder, ...args]);
  try {
    const { stdout: top } = await git('rev-parse', '--show-prefix');
    // Installed into somebody else's repository: their commit says nothing about this program.
    if (top.trim() !== '') return {};
    const { stdout: commit } = await git('rev-parse', 'HEAD');
    const { stdout: sourceTree } = await git('rev-parse', 'HEAD:src');
    const { stdout: changes } = await git('status', '--porcelain', '--', ...measuredPaths);
    const mark = changes === '' ? '' : '+changes';
    return { commit: commit.trim() + mark, sourceTree: sourceTree.trim() + mark };
  } catch {
    return {};
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
