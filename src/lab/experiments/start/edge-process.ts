/** Entry of the edge's process: the edge of this project, and beside it the edge of the baselines. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSplitModel } from '../../../core/model/index.ts';
import { createEdgeServer, type EdgeServer } from '../../../edge/index.ts';
import { createNodeRuntime } from '../../../runtime/node.ts';
import { type BaselineEdge, createBaselineEdge } from '../baseline-edge.ts';
import { serveParent } from '../process-child.ts';
import type { PreparedModels } from './prepare-models.ts';

/** What the edge loads. */
export interface EdgeProcessOptions {
  readonly models: PreparedModels;
  readonly threads?: number;
}

let edge: EdgeServer | undefined;
let baseline: BaselineEdge | undefined;

const handlers = {
  async open({
    models,
    threads,
  }: EdgeProcessOptions): Promise<{ readonly port: number; readonly baselinePort: number }> {
    const runtime = await createNodeRuntime(threads === undefined ? {} : { threads });
    const model = await readSplitModel((name) => readFile(join(models.splitFolder, name)));
    const { classes, feature, preprocessing } = model.manifest;
    edge = await createEdgeServer({ models: [model], runtime, port: 0 });
    baseline = await createBaselineEdge({
      runtime,
      networkGraph: await readFile(models.networkGraph),
      tailGraph: await readFile(models.tailGraph),
      featureShape: feature.shape,
      imageSize: preprocessing.crop,
      classes,
    });
    return { port: Number(new URL(edge.url).port), baselinePort: baseline.port };
  },
};

/** What the process can be asked. */
export type EdgeHandlers = typeof handlers;

serveParent(handlers, async () => {
  await Promise.all([edge?.close(), baseline?.close()]);
});
