/** What a process holds: whether it holds more than before tells whether something was left behind. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What a process holds at one moment. */
export interface ProcessState {
  /** TCP connections, also those that are being made. */
  readonly sockets: number;
  /** Timers that keep the process alive. */
  readonly timers: number;
  /** After a collection of garbage; what the graphs hold outside the heap is not counted. */
  readonly heapBytes: number;
  readonly residentBytes: number;
}

/** Looks at this process. */
export async function processState(): Promise<ProcessState> {
  await collectGarbage();
  const resources = process.getActiveResourcesInfo();
  const count = (...names: string[]): number => resources.filter((name) => names.includes(name)).length;
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    sockets: count('TCPSocketWrap', 'TCPConnectWrap'),
    timers: count('Timeout'),
    heapBytes: heapUsed + external,
    residentBytes: rss,
  };
}

/** Twice, with a turn of the event loop between: memory outside the heap is only given back after its owner is collected. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
}
