/**
 * The door to onnxruntime-web: sessions in WebAssembly, in a browser.
 *
 * onnxruntime-web takes one run at a time, of all its sessions: they wait for each other here.
 */

import { EnvironmentError, GraphError } from '../core/errors.ts';
import { bytesPerElement, type DType, type Tensor, type TensorMap, zeros } from '../core/tensor/index.ts';
import type { Runtime, Session, SessionOptions } from './session.ts';

export type { Runtime, Session, SessionOptions } from './session.ts';

/** Options of {@link createWebRuntime}. */
export interface WebRuntimeOptions {
  /** Where the files `ort-wasm-*.wasm` and `.mjs` of onnxruntime-web lie, ending in a slash; beside the script when left out. */
  readonly wasmPath?: string;
  /** Threads for one op; more than one only works on pages that are isolated from other origins. 1 when left out. */
  readonly threads?: number;
}

/**
 * Makes a runtime over onnxruntime-web, on the CPU.
 *
 * The settings of the first runtime of a page hold for all: WebAssembly is loaded once, with the first session, whose
 * `createSession` throws a {@link GraphError} when that fails.
 *
 * @throws {@link EnvironmentError} when onnxruntime-web is not installed.
 */
export async function createWebRuntime(options: WebRuntimeOptions = {}): Promise<Runtime> {
  const ort = await loadOrt();
  if (options.wasmPath !== undefined) ort.env.wasm.wasmPaths = options.wasmPath;
  ort.env.wasm.numThreads = options.threads ?? 1;
  async function createSession(graph: Uint8Array, _options: SessionOptions = {}): Promise<Session> {
    const session = await inTurn(() =>
      ort.InferenceSession.create(graph, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' }),
    );
    let closing: Promise<void> | undefined;

    const feed = (inputs: TensorMap, name: string) => {
      const given = inputs[name];
      if (given === undefined) throw new GraphError(`input "${name}" is missing`);
      return new ort.Tensor(given.dtype, given.data as never, given.shape);
    };
    async function run(inputs: TensorMap, outputs?: readonly string[]): Promise<Record<string, Tensor>> {
      if (closing) throw new GraphError('the session is closed: make a new one with createSession');
      const names = outputs ?? session.outputNames;
      const unknown = Object.keys(inputs).find((name) => !session.inputNames.includes(name));
      if (unknown !== undefined)
        throw new GraphError(`there is no input "${unknown}": the graph takes ${session.inputNames.join(', ')}`);
      return inTurn(async () => {
        const feeds = Object.fromEntries(session.inputNames.map((name) => [name, feed(inputs, name)]));
        const results = await session.run(feeds, [...names]);
        return Object.fromEntries(
          names.map((name) => {
            const result = results[name];
            if (result === undefined) throw new GraphError(`there is no output "${name}"`);
            return [
              name,
              tensorOf(name, result.type, result.dims, result.data as ArrayBufferView & { length: number }),
            ];
          }),
        );
      });
    }
    function close(): Promise<void> {
      closing ??= inTurn(() => session.release());
      return closing;
    }
    const { inputNames, outputNames } = session;
    return { inputNames, outputNames, run, close, [Symbol.asyncDispose]: close };
  }

  return { name: `onnxruntime-web ${ort.env.versions.web ?? 'of unknown version'}`, createSession };
}

/** Of all runtimes of the page: they share one WebAssembly. */
let last: Promise<unknown> = Promise.resolve();

/** One after the other; one that fails does not stop those behind it. */
function inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
  const done = last.then(work).catch((cause: unknown) => {
    throw cause instanceof GraphError ? cause : new GraphError(messageOf(cause), { cause });
  });
  last = done.catch(() => undefined);
  return done;
}

async function loadOrt() {
  try {
    return await import('onnxruntime-web/wasm');
  } catch (cause) {
    throw new EnvironmentError(`onnxruntime-web cannot be loaded (${messageOf(cause)}): npm install onnxruntime-web`, {
      cause,
    });
  }
}

/** Copies a result, whose memory belongs to WebAssembly. */
function tensorOf(
  name: string,
  type: string,
  dims: readonly number[],
  view: ArrayBufferView & { length: number },
): Tensor {
  if (!(type in bytesPerElement)) throw new GraphError(`output "${name}" is ${type}, which cannot be read`);
  const copy = zeros(type as DType, [...dims]);
  new Uint8Array(copy.data.buffer).set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  return copy;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
