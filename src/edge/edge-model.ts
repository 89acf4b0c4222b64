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
import { pickTensor } from '../core/tensor/index.ts';
import { decodeFrame, type InferAnswer, type InferRequest } from '../core/wire/index.ts';
import type { Runtime } from '../runtime/session.ts';

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
  /** Resolves when all accepted requests are answered and the session is closed. */
  close(): Promise<void>;
}

/** Options of {@link createEdgeModel}. */
export interface EdgeModelOptions {
  readonly maxWaiting?: number;
  /** Clock in milliseconds; `performance.now` when left out. */
  readonly now?: () => number;
}

/** Loads the edge graph of a split model. */
export async function createEdgeModel(
  model: SplitModel,
  runtime: Runtime,
  options: EdgeModelOptions = {},
): Promise<EdgeModel> {
  const { maxWaiting = defaultMaxWaiting, now = () => performance.now() } = options;
  const { classes } = model.manifest;
  const session = await runtime.createSession(await model.readGraph('edge'));
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

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
          `the request waited ${Math.round(startMs - arrivedMs)} ms at the edge, its deadline was ${remainingMs} ms away`,
        );
      }
      const outputs = await session.run({ latent: dequantize(symbols, model.layout, chunksDecoded) }, ['logits']);
      return { top: topLabels(pickTensor(outputs, 'logits', 'float32').data, classes), startMs, endMs: now() };
    });
    last = turn.catch(() => undefined);
    const { top, startMs, endMs } = await turn.finally(() => {
      waiting--;
    });
    return {
      requestId,
      ok: true,
      top,
      chunks: { decoded: chunksDecoded, of: chunksOf },
      ...(damage && { warning: damage.message }),
      timeMs: {
        queue: startMs - decodedMs,
        compute: decodedMs - arrivedMs + (endMs - startMs),
        total: endMs - arrivedMs,
      },
    };
  }

  async function close(): Promise<void> {
    await last;
    await session.close();
  }
  return { model, infer, close, [Symbol.asyncDispose]: close };
}
