/** Runs a program of the system to its end. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { EnvironmentError } from '../../src/core/errors.ts';

/**
 * Runs a program and returns what it wrote to stdout.
 *
 * @throws {@link EnvironmentError} with what it wrote to stderr when it fails, or when there is no such program.
 */
export async function run(program: string, ...args: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(program, args)).stdout;
  } catch (cause) {
    const { code, stderr } = cause as { readonly code?: unknown; readonly stderr?: string };
    if (code === 'ENOENT') throw new EnvironmentError(`the program "${program}" is missing`, { cause });
    throw new EnvironmentError(`"${[program, ...args].join(' ')}" failed: ${stderr?.trim() || String(cause)}`, {
      cause,
    });
  }
}
