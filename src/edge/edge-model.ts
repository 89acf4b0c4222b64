/**
 * The edge's half of the way, for one split model: frame to answer.
 *
 *     frame ─► entropy decoder ─► symbols ─► dequantizer ─► batch ─► edge graph ─► logits ─► labels
 *
 * One session a model, or several that compute at once. Requests of all connections share their batches, see `batch-queue.ts`.
 */

import { dequantize } from '../core/codec/index.ts';
import { type SplitModel, topLabels } from '../core/model/index.ts';
import { pickTensor, type Tensor, tensor, zeros } from '../core/tensor/index.ts';
import { decodeFrame, type InferAnswer, type InferRequest } from '../core/wire/index.ts';
import type { Runtime, Session } from '../runtime/session.ts';
import { createBatchEstimate, type TimedBatch } from './batch-estimate.ts';
import { createBatchQueue } from './batch-queue.ts';
import { type EventLoop, nodeEventLoop } from './event-loop.ts';

/** Most requests that may wait for one model; more are refused at once. */
export const defaultMaxWaiting = 256;
/** Largest batch: twice as many are hardly faster for each, and all of them wait for the last. */
export const defaultMaxBatch = 16;

/** All that the edge graph says to a frame. */
export interface EdgeLogits extends Pick<InferAnswer, 'chunks' | 'warning' | 'timeMs'> {
  /** One for each class of the model. */
  readonly logits: Float32Array;
}

/** What answers the frames of one model. */
export interface FrameAnswerer {
  readonly model: SplitModel;
  /**
   * Answers one frame of this model.
   *
   * @throws {@link WireFormatError} when not even the first chunk of the frame decodes.
   * @throws {@link DeadlineError} when the answer can't leave in time; at once where that can be told.
   * @throws {@link EnvironmentError} when too many requests wait.
   */
  infer(request: InferRequest): Promise<InferAnswer>;
  /**
   * How long an answer to a frame that came now would nearly always take at most, in ms: its turn and its computation.
   *
   * @param answerByMs - When it must leave: what is more urgent comes first.
   */
  expectedComputeMs(answerByMs: number): number;
}

/** An edge graph with its sessions. */
export interface EdgeModel extends FrameAnswerer, AsyncDisposable {
  /** As `infer`, with all logits and without labels. */
  inferLogits(request: Omit<InferRequest, 'requestId'>): Promise<EdgeLogits>;
  /** Resolves when all accepted requests are answered and the sessions are closed. */
  close(): Promise<void>;
}

/** Options of {@link createEdgeModel}. */
export interface EdgeModelOptions {
  readonly maxWaiting?: number;
  readonly maxBatch?: number;
  /**
   * How many batches are computed at once, each in a session of its own; 1 when left out. One session over all cores answers a
   * single frame soonest; one for each core answers more of them, because no core waits for another.
   */
  readonly sessions?: number;
  /** Told of each batch that begins. */
  readonly onBatch?: (size: number) => void;
  /** The machine's own when left out. */
  readonly loop?: EventLoop;
}

/**
 * Loads the edge graph of a split model, and runs it on nothing, alone and in the largest batch, each twice: the first run is
 * slow, the second says how long the others will take.
 *
 * @throws {@link GraphError} when the graph cannot be loaded or run.
 * @throws {@link RangeError} when `sessions`, `maxBatch` or `maxWaiting` is no whole number of at least 1.
 */
export async function createEdgeModel(
  model: SplitModel,
  runtime: Runtime,
  options: EdgeModelOptions = {},
): Promise<EdgeModel> {
  const { maxWaiting = defaultMaxWaiting, maxBatch = defaultMaxBatch, onBatch, loop = nodeEventLoop } = options;
  for (const [name, value] of Object.entries({ maxWaiting, maxBatch, sessions: options.sessions ?? 1 })) {
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} must be 1 or more, got ${value}`);
  }
  const sessions = await openSessions(await model.readGraph('edge'), runtime, options.sessions ?? 1);
  const { classes } = model.manifest;
  const estimate = await warmUp(sessions, model, maxBatch, loop);
  const queue = createBatchQueue({
    prepare: (frame: Uint8Array) => {
      const { symbols, chunksDecoded, chunksOf, damage } = decodeFrame(frame, model.layout);
      return {
        latent: dequantize(symbols, model.layout, chunksDecoded),
        chunks: { decoded: chunksDecoded, of: chunksOf },
        ...(damage && { warning: damage.message }),
      };
    },
    sessions: sessions.length,
    compute: async (batch, session) => {
      onBatch?.(batch.length);
      return runGraph(
        sessions[session] as Session,
        batch.map(({ latent }) => latent),
      );
    },
    estimate,
    maxBatch,
    maxWaiting,
    loop,
  });

  async function inferLogits({ remainingMs, frame }: Omit<InferRequest, 'requestId'>): Promise<EdgeLogits> {
    const arrivedMs = loop.now();
    const answerByMs = remainingMs === undefined ? Number.POSITIVE_INFINITY : arrivedMs + remainingMs;
    const { prepared, result, queueMs, computeMs } = await queue.add(frame, answerByMs);
    const { latent: _, ...told } = prepared;
    return {
      logits: result,
      ...told,
      timeMs: { queue: queueMs, compute: computeMs, total: loop.now() - arrivedMs },
    };
  }

  async function infer(request: InferRequest): Promise<InferAnswer> {
    const { logits, ...told } = await inferLogits(request);
    return { requestId: request.requestId, ok: true, top: topLabels(logits, classes), ...told };
  }

  async function close(): Promise<void> {
    await queue.drained();
    await closeAll(sessions);
  }
  return { model, infer, inferLogits, expectedComputeMs: queue.expectedMs, close, [Symbol.asyncDispose]: close };
}

/** Opens so many sessions of a graph, or none. */
async function openSessions(graph: Uint8Array, runtime: Runtime, count: number): Promise<readonly Session[]> {
  const sessions: Session[] = [];
  try {
    // One after the other: while it is loaded, a graph takes several times its memory.
    while (sessions.length < count) sessions.push(await runtime.createSession(graph));
    return sessions;
  } catch (error) {
    await closeAll(sessions);
    throw error;
  }
}

async function closeAll(sessions: readonly Session[]): Promise<void> {
  await Promise.all(sessions.map((session) => session.close()));
}

/** Learns how long batches take when all sessions compute. A graph that does not run leaves no session open. */
async function warmUp(sessions: readonly Session[], { layout }: SplitModel, maxBatch: number, loop: EventLoop) {
  const timed = async (size: number): Promise<TimedBatch> => {
    const latents = Array.from({ length: size }, () => zeros('float32', [1, ...layout.latentShape]));
    const runAll = () => Promise.all(sessions.map((session) => runGraph(session, latents)));
    await runAll();
    const startMs = loop.now();
    await runAll();
    return { size, ms: loop.now() - startMs };
  };
  try {
    const alone = await timed(1);
    return createBatchEstimate(alone, maxBatch > 1 ? await timed(maxBatch) : alone);
  } catch (error) {
    // The failure to run is what the caller must hear, even when closing fails too.
    await closeAll(sessions).catch(() => undefined);
    throw error;
  }
}

/** Logits of each latent of a batch, `float32[1, C, H, W]` each. */
async function runGraph(session: Session, latents: readonly Tensor<'float32'>[]): Promise<Float32Array[]> {
  const outputs = await session.run({ latent: stacked(latents) }, ['logits']);
  const logits = pickTensor(outputs, 'logits', 'float32').data;
  const classes = logits.length / latents.length;
  return latents.map((_, i) => logits.slice(i * classes, (i + 1) * classes));
}

/** One batch of tensors that are a batch of one each. */
function stacked(latents: readonly Tensor<'float32'>[]): Tensor<'float32'> {
  const [first] = latents;
  if (first === undefined || latents.length === 1) return first ?? zeros('float32', [0]);
  const data = new Float32Array(latents.length * first.data.length);
  for (const [i, latent] of latents.entries()) data.set(latent.data, i * first.data.length);
  return tensor('float32', [latents.length, ...first.shape.slice(1)], data);
}
