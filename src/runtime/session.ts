/**
 * What runs a graph. `runtime/node.ts` and `runtime/web.ts` implement it over ONNX Runtime and are its only doors;
 * everything else takes a `Runtime` as a parameter.
 */

import type { Tensor, TensorMap } from '../core/tensor/index.ts';

/** A loaded graph. `run` calls are served in the order of their arrival; close it when done. */
export interface Session extends AsyncDisposable {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs the graph once.
   *
   * @param inputs - A tensor for every input name. They are left as they were.
   * @param outputs - Names of the outputs wanted; all when left out.
   * @throws {@link GraphError} when ONNX Runtime refuses the inputs; the session stays usable.
   */
  run(inputs: TensorMap, outputs?: readonly string[]): Promise<Record<string, Tensor>>;
  close(): Promise<void>;
}

/** Options of one session. */
export interface SessionOptions {
  /** Threads for one op; all cores when left out. */
  readonly threads?: number;
}

/** Makes sessions. */
export interface Runtime {
  /** Name and version, e.g. `onnxruntime-node 1.30.0`. */
  readonly name: string;
  /**
   * Loads a graph.
   *
   * @param graph - An ONNX model as bytes.
   * @throws {@link GraphError} when the bytes are no graph that the runtime can load.
   */
  createSession(graph: Uint8Array, options?: SessionOptions): Promise<Session>;
}
