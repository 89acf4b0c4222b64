/**
 * The edge's half of the way, for one split model: frame to answer.
 *
 *     frame ─► entropy decoder ─► symbols ─► dequantizer ─► edge graph ─► logits ─► labels
 *
 * One session a model. Requests wait in order of arrival, and where they waited and computed is measured.
 */

import { dequantize } from '../core/codec/index.ts';
import { DeadlineError, EnvironmentError } from '../core/errors.ts';
import { type SplitModel, topLabels } from '../core/model/index.ts';
import { pickTensor, type Tensor, zeros } from '../core/tensor/index.ts';
import { decodeFrame, type InferAnswer, type InferRequest } from '../core/wire/index.ts';
import type { Runtime, Session } from '../runtime/session.ts';
import { createComputeEstimate } from './compute-estimate.ts';

/** Most requests that may wait for one model; more are refused at once. */
export const defaultMaxWaiting = 256;

/** An edge graph with its session. */
export interface EdgeModel extends AsyncDisposable {
  readonly model: SplitModel;
  /**
   * Answers one frame of this model.
   *
   * @throws {@link WireFormatError} when not even the first chunk of the frame decodes.
   * @throws {@link DeadlineError} when the deadline passed while the request waited.
   * @throws {@link EnvironmentError} when too many requests wait.
   */
  infer(request: InferRequest): Promise<InferAnswer>;
  /** How long an answer to a frame that came now would nearly always take at most, in ms: its turn and its computation. */
  expectedComputeMs(): number;
  /** Resolves when all accepted requests are answered and the session is closed. */
  close(): Promise<void>;
}

/** Options of {@link createEdgeModel}. */
export interface EdgeModelOptions {
  readonly maxWaiting?: number;
  /** Clock in milliseconds; `performance.now` when left out. */
  readonly now?: () => number;
}

/**
 * Loads the edge graph of a split model, and runs it twice on nothing: the first run of a graph is slow, the second says how
 * long the others will take.
 *
 * @throws {@link GraphError} when the graph cannot be loaded or run.
 */
export async function createEdgeModel(
  model: SplitModel,
  runtime: Runtime,
  options: EdgeModelOptions = {},
): Promise<EdgeModel> {
  const { maxWaiting = defaultMaxWaiting, now = () => performance.now() } = options;
  const { classes } = model.manifest;
  const session = await runtime.createSession(await model.readGraph('edge'));
  const estimate = createComputeEstimate(await warmUp(session, model, now));
  let last: Promise<unknown> = Promise.resolve();
  /** Accepted and not yet answered, the one that is being computed included. */
  let waiting = 0;
  let runningSinceMs: number | undefined;

  function expectedComputeMs(): number {
    const meanMs = estimate.meanMs();
    const doneMs = runningSinceMs === undefined ? 0 : Math.min(now() - runningSinceMs, meanMs);
    return waiting * meanMs - doneMs + estimate.safeMs();
  }

  async function infer({ requestId, remainingMs, frame }: InferRequest): Promise<InferAnswer> {
    const arrivedMs = now();
    if (waiting >= maxWaiting) {
      throw new EnvironmentError(`the edge is overloaded: ${waiting} requests wait for this model. Try again later`);
    }
    const { symbols, chunksDecoded, chunksOf, damage } = decodeFrame(frame, model.layout);
    const decodedMs = now();
    waiting++;
    const turn = last.then(async () => {
      const startMs = now();
      if (remainingMs !== undefined && startMs - arrivedMs > remainingMs) {
        throw new DeadlineError(
          `the request waited ${Math.round(startMs - arrivedMs)} ms at the edge, its deadline was ${Math.floor(remainingMs)} ms away`,
        );
      }
      runningSinceMs = startMs;
      try {
        const logits = await runGraph(session, dequantize(symbols, model.layout, chunksDecoded));
        return { top: topLabels(logits, classes), startMs, endMs: now() };
      } finally {
        runningSinceMs = undefined;
      }
    });
    last = turn.catch(() => undefined);
    const { top, startMs, endMs } = await turn.finally(() => {
      waiting--;
    });
    const computeMs = decodedMs - arrivedMs + (endMs - startMs);
    estimate.add(computeMs);
    return {
      requestId,
      ok: true,
      top,
      chunks: { decoded: chunksDecoded, of: chunksOf },
      ...(damage && { warning: damage.message }),
      timeMs: { queue: startMs - decodedMs, compute: computeMs, total: endMs - arrivedMs },
    };
  }

  async function close(): Promise<void> {
    await last;
    await session.close();
  }
  return { model, infer, expectedComputeMs, close, [Symbol.asyncDispose]: close };
}

/** Runs the graph twice and returns what the second run took, in ms. A graph that does not run leaves no session open. */
async function warmUp(session: Session, { layout }: SplitModel, now: () => number): Promise<number> {
  try {
    const latent = zeros('float32', [1, ...layout.latentShape]);
    await runGraph(session, latent);
    const startMs = now();
    await runGraph(session, latent);
    return now() - startMs;
  } catch (error) {
    // The failure to run is what the caller must hear, even when closing fails too.
    await session.close().catch(() => undefined);
    throw error;
  }
}

async function runGraph(session: Session, latent: Tensor<'float32'>): Promise<Float32Array> {
  return pickTensor(await session.run({ latent }, ['logits']), 'logits', 'float32').data;
}
