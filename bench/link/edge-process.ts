/** Entry of the edge's process: the real edge, listening in its namespace. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSplitModel } from '../../src/core/model/index.ts';
import { createEdgeServer, type EdgeServer } from '../../src/edge/index.ts';
import { serveParent } from '../../src/lab/experiments/process-child.ts';
import { createNodeRuntime } from '../../src/runtime/node.ts';
import { type ProcessState, processState } from './process-state.ts';

/** What the edge loads and where it listens. */
export interface EdgeProcessOptions {
  readonly modelFolder: string;
  readonly host: string;
  readonly port: number;
  readonly threads: number;
}

let edge: EdgeServer | undefined;

const handlers = {
  async open({ modelFolder, host, port, threads }: EdgeProcessOptions): Promise<{ readonly pid: number }> {
    const model = await readSplitModel((name) => readFile(join(modelFolder, name)));
    edge = await createEdgeServer({ models: [model], runtime: await createNodeRuntime({ threads }), host, port });
    return { pid: process.pid };
  },
  state: (_: null): Promise<ProcessState> => processState(),
};

/** What the process can be asked. */
export type EdgeHandlers = typeof handlers;

serveParent(handlers, async () => edge?.close());
