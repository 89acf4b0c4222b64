/** The peer: ONNX Runtime alone, running the edge graph on whole batches as fast as it can. */

import { performance } from 'node:perf_hooks';
import type { SplitModel } from '../../src/core/model/index.ts';
import { createRandom, tensor } from '../../src/core/tensor/index.ts';
import { createNodeRuntime } from '../../src/runtime/node.ts';
import type { Session } from '../../src/runtime/session.ts';

/** What one batch size comes to. */
export interface BareRate {
  /** Sessions that compute at once and share the threads. */
  readonly sessions: number;
  readonly batchSize: number;
  readonly framesPerSecond: number;
}

/**
 * Rate of each batch size, one after the other. One session blocks its thread and copies nothing, which is the fastest way;
 * several need a worker thread each.
 */
export async function bareRates(
  model: SplitModel,
  options: {
    readonly threads: number;
    readonly sessions: number;
    readonly batchSizes: readonly number[];
    readonly secondsEach: number;
  },
): Promise<BareRate[]> {
  const { threads, sessions: count, batchSizes, secondsEach } = options;
  const runtime = await createNodeRuntime({ threads: threads / count, worker: count > 1 });
  const graph = await model.readGraph('edge');
  const sessions: Session[] = [];
  while (sessions.length < count) sessions.push(await runtime.createSession(graph));
  const { latentShape } = model.layout;
  const perFrame = latentShape.reduce((product, extent) => product * extent, 1);
  const random = createRandom(0);
  const rates: BareRate[] = [];
  for (const batchSize of batchSizes) {
    const data = Float32Array.from({ length: batchSize * perFrame }, () => random.uniform() - 0.5);
    const latent = tensor('float32', [batchSize, ...latentShape], data);
    const runs = async (session: Session, until: () => boolean): Promise<number> => {
      let frames = 0;
      for (; until(); frames += batchSize) await session.run({ latent }, ['logits']);
      return frames;
    };
    await Promise.all(sessions.map((session) => countdown(3, (more) => runs(session, more))));
    const startMs = performance.now();
    const isTime = (): boolean => performance.now() - startMs < 1000 * secondsEach;
    const frames = await Promise.all(sessions.map((session) => runs(session, isTime)));
    const seconds = (performance.now() - startMs) / 1000;
    rates.push({ sessions: count, batchSize, framesPerSecond: frames.reduce((sum, n) => sum + n, 0) / seconds });
  }
  await Promise.all(sessions.map((session) => session.close()));
  return rates;
}

function countdown<Result>(times: number, work: (more: () => boolean) => Result): Result {
  let left = times;
  return work(() => left-- > 0);
}
