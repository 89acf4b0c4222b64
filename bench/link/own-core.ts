/**
 * A processor for each end, as on two machines: otherwise an edge that loads its model slows the device down, and each measures
 * the other. Other programs still can: measure on a quiet machine.
 */

import { readFile } from 'node:fs/promises';
import type { End } from './namespaces.ts';

/** What stands before a command that is to run on the processor of an end: nothing where there are not two. */
export async function ownCore(end: End): Promise<readonly string[]> {
  const cores = allowedCores(await readFile('/proc/self/status', 'utf8'));
  const core = cores[end === 'device' ? 0 : 1];
  return cores.length < 2 ? [] : ['taskset', '--cpu-list', `${core}`];
}

/**
 * The processors that a process may use.
 *
 * @param status - Text of its `/proc/<pid>/status`, with a line like `Cpus_allowed_list:	0-3,6`.
 */
export function allowedCores(status: string): number[] {
  const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status) ?? [];
  return list.split(',').flatMap((range) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (first === undefined) return [];
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => Number(first) + i);
  });
}
