/** Entry of the edge's process: the real server on this machine, as `aecnn serve` starts it. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readSplitModel } from '../../src/core/model/index.ts';
import { createEdgeServer, type EdgeServer } from '../../src/edge/index.ts';
import { serveParent } from '../../src/lab/experiments/process-child.ts';
import { createNodeRuntime } from '../../src/runtime/node.ts';

/** What the edge loads. */
export interface EdgeProcessOptions {
  readonly modelFolder: string;
  /** Of all sessions together. */
  readonly threads: number;
  readonly sessions: number;
  readonly maxBatch: number;
}

/** What was seen of the process since it was last asked. */
export interface EdgeState {
  readonly longestLoopDelayMs: number;
  readonly residentBytes: number;
}

let edge: EdgeServer | undefined;
const delay = monitorEventLoopDelay({ resolution: 5 });

const handlers = {
  async open({ modelFolder, threads, sessions, maxBatch }: EdgeProcessOptions): Promise<{ readonly url: string }> {
    const model = await readSplitModel((name) => readFile(join(modelFolder, name)));
    const runtime = await createNodeRuntime({ threads: threads / sessions });
    edge = await createEdgeServer({ models: [model], runtime, port: 0, sessions, maxBatch });
    delay.enable();
    return { url: edge.url };
  },
  async state(_: null): Promise<EdgeState> {
    const longestLoopDelayMs = delay.max / 1e6;
    delay.reset();
    return { longestLoopDelayMs, residentBytes: process.memoryUsage.rss() };
  },
};

/** What the process can be asked. */
export type EdgeHandlers = typeof handlers;

serveParent(handlers, async () => edge?.close());
