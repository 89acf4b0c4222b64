/**
 * The door to onnxruntime-node: sessions in worker threads, or in the calling thread.
 *
 * `run()` of onnxruntime-node blocks the event loop for as long as it computes (measured: a run of 1,348 ms, a gap of
 * 1,348 ms in a 5 ms timer). So a session gets a worker thread of its own, unless the caller has nothing else to do with
 * its thread, as in training, and saves the copies.
 */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { EnvironmentError, GraphError } from '../core/errors.ts';
import type { Tensor, TensorMap } from '../core/tensor/index.ts';
import type { CloseMessage, RunMessage, WorkerReply } from './node-worker.js';
import { loadOrtSession, typedArrays } from './ort-session.js';
import type { Runtime, Session, SessionOptions } from './session.ts';

export type { Runtime, Session, SessionOptions } from './session.ts';

/** Options of {@link createNodeRuntime}. */
export interface NodeRuntimeOptions {
  /** Threads for one op, unless the session says otherwise; all cores when left out. */
  readonly threads?: number;
  /**
   * `true` (the default): every session computes in a worker thread of its own and the event loop stays free; inputs are
   * copied. `false`: sessions compute in the calling thread, which they block, without copies: for training.
   */
  readonly worker?: boolean;
}

/**
 * Makes a runtime over onnxruntime-node, on the CPU.
 *
 * Equal inputs give equal outputs, bit for bit, for the same machine and thread count.
 *
 * @throws {@link EnvironmentError} when onnxruntime-node is not installed or cannot be loaded.
 */
export async function createNodeRuntime(options: NodeRuntimeOptions = {}): Promise<Runtime> {
  const { threads = availableParallelism(), worker = true } = options;
  checkThreads(threads);
  const version = await ortVersion();
  return {
    name: `onnxruntime-node ${version}`,
    async createSession(graph: Uint8Array, session: SessionOptions = {}): Promise<Session> {
      const sessionThreads = session.threads ?? threads;
      checkThreads(sessionThreads);
      return worker ? createWorkerSession(graph, sessionThreads) : createDirectSession(graph, sessionThreads);
    },
  };
}

function checkThreads(threads: number): void {
  if (!Number.isInteger(threads) || threads < 1) {
    throw new RangeError(`threads must be a whole number of at least 1, got ${threads}`);
  }
}

async function ortVersion(): Promise<string> {
  try {
    const ort = await import('onnxruntime-node');
    return ort.env.versions.node ?? 'of unknown version';
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && String(cause.code).endsWith('MODULE_NOT_FOUND');
    throw new EnvironmentError(
      missing
        ? 'onnxruntime-node is not installed: run "ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node@1.30.0" ' +
            '(the variable keeps its install script from downloading the CUDA library)'
        : `onnxruntime-node cannot be loaded on this machine (${messageOf(cause)}): ` +
            'it needs x64 or arm64 and, on Linux, glibc 2.28 or newer',
      { cause },
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const closedMessage = 'the session is closed: make a new one with createSession';

async function createDirectSession(graph: Uint8Array, threads: number): Promise<Session> {
  const session = await loadOrtSession(graph, { threads, spinning: true }).catch((cause: unknown) => {
    throw new GraphError(`the graph cannot be loaded: ${messageOf(cause)}`, { cause });
  });
  let last: Promise<unknown> = Promise.resolve();
  let closing: Promise<void> | undefined;

  function run(inputs: TensorMap, outputs?: readonly string[]): Promise<Record<string, Tensor>> {
    if (closing) return Promise.reject(new GraphError(closedMessage));
    const result = last.then(() =>
      session.run(inputs, outputs).catch((cause: unknown) => {
        throw new GraphError(messageOf(cause), { cause });
      }),
    );
    last = result.catch(() => undefined);
    return result;
  }
  function close(): Promise<void> {
    closing ??= last.then(() => session.release());
    return closing;
  }
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run,
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface PendingRun {
  readonly resolve: (outputs: Record<string, Tensor>) => void;
  readonly reject: (error: Error) => void;
}

function createWorkerSession(graph: Uint8Array, threads: number): Promise<Session> {
  const workerGraph = new Uint8Array(graph);
  const worker = new Worker(new URL('./node-worker.js', import.meta.url), {
    workerData: { graph: workerGraph, options: { threads, spinning: false } },
    transferList: [workerGraph.buffer],
    execArgv: [],
  });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const pending = new Map<number, PendingRun>();
  let nextId = 0;
  let closing: Promise<void> | undefined;

  /** An idle session does not keep the process alive, a computing one does. */
  function settle(id: number): PendingRun | undefined {
    const run = pending.get(id);
    pending.delete(id);
    if (pending.size === 0) worker.unref();
    return run;
  }
  function failAll(error: Error): void {
    closing ??= exited;
    for (const id of [...pending.keys()]) settle(id)?.reject(error);
  }
  function run(inputs: TensorMap, outputs?: readonly string[]): Promise<Record<string, Tensor>> {
    if (closing) return Promise.reject(new GraphError(closedMessage));
    return new Promise((resolve, reject) => {
      const copies = Object.entries(inputs).map(([name, tensor]) => [name, copyOf(tensor)] as const);
      const message: RunMessage = {
        kind: 'run',
        id: nextId++,
        inputs: Object.fromEntries(copies),
        ...(outputs && { outputs: [...outputs] }),
      };
      pending.set(message.id, { resolve, reject });
      worker.ref();
      worker.postMessage(message, [...copies.map(([, { data }]) => data.buffer as ArrayBuffer)]);
    });
  }
  function close(): Promise<void> {
    if (!closing) {
      closing = exited;
      worker.ref();
      const message: CloseMessage = { kind: 'close' };
      worker.postMessage(message);
    }
    return closing;
  }

  return new Promise((resolve, reject) => {
    worker.once('error', (cause: Error) => {
      const error = new EnvironmentError(`the worker thread of the session died: ${cause.message}`, { cause });
      failAll(error);
      reject(error);
    });
    worker.once('exit', () => {
      const error = new EnvironmentError('the worker thread of the session ended before it answered');
      failAll(error);
      reject(error);
    });
    worker.on('message', (reply: WorkerReply) => {
      if (reply.kind === 'done') settle(reply.id)?.resolve(reply.outputs);
      else if (reply.kind === 'failed') settle(reply.id)?.reject(new GraphError(reply.message));
      else if (reply.kind === 'refused') reject(new GraphError(`the graph cannot be loaded: ${reply.message}`));
      else {
        const { inputNames, outputNames } = reply;
        worker.unref();
        resolve({ inputNames, outputNames, run, close, [Symbol.asyncDispose]: close });
      }
    });
  });
}

/** Copies a tensor into a buffer of its own, which can be transferred while the caller's stays usable. */
function copyOf({ dtype, shape, data }: Tensor): Tensor {
  const bytes = new Uint8Array(data.byteLength);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return { dtype, shape: [...shape], data: new typedArrays[dtype](bytes.buffer) };
}
