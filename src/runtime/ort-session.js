/**
 * One ONNX Runtime session behind plain tensors: what the calling thread and the worker thread share.
 *
 * Plain JavaScript with JSDoc types, like `node-worker.js` beside it: a worker thread of Node 20 cannot load TypeScript,
 * and both files must run from `src` (tests) and from `dist`. For the same reason they import nothing of `core` but
 * types, and throw plain `Error`s, which `node.ts` turns into `GraphError`.
 */

/**
 * @typedef {import('../core/tensor/index.ts').DType} DType
 * @typedef {import('../core/tensor/index.ts').Tensor} Tensor
 * @typedef {import('../core/tensor/index.ts').TensorMap} TensorMap
 */

/**
 * @typedef {object} OrtSession
 * @property {readonly string[]} inputNames
 * @property {readonly string[]} outputNames
 * @property {(inputs: TensorMap, outputs?: readonly string[]) => Promise<Record<string, Tensor>>} run
 * @property {() => Promise<void>} release
 */

/**
 * The array type of each dtype.
 *
 * @type {{ readonly [D in DType]: new (buffer: ArrayBufferLike, byteOffset?: number, length?: number) => import('../core/tensor/index.ts').TypedArrayOf[D] }}
 */
export const typedArrays = {
  float32: Float32Array,
  float16: Uint16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/**
 * Loads a graph into ONNX Runtime, in the calling thread.
 *
 * @param {Uint8Array} graph - An ONNX model; ONNX Runtime copies it.
 * @param {{ threads: number, spinning: boolean }} options - Threads of one op, the calling one included; whether idle
 *   ones spin, which answers sooner and costs CPU (22 against 12 ms of it a run of the device's graph).
 * @returns {Promise<OrtSession>}
 */
export async function loadOrtSession(graph, { threads, spinning }) {
  const ort = await import('onnxruntime-node');
  const session = await ort.InferenceSession.create(graph, {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Fatal only: an error is thrown anyway, and ONNX Runtime would print it on stderr as well.
    logSeverityLevel: 4,
    extra: { session: { intra_op: { allow_spinning: spinning ? '1' : '0' } } },
  });
  const expected = new Map(session.inputMetadata.map((input) => [input.name, input]));

  /** @param {string} name @param {Tensor | undefined} given */
  function feed(name, given) {
    const input = expected.get(name);
    const want = input?.isTensor ? `${input.type}[${input.shape.join(', ')}]` : 'a value';
    if (given === undefined) throw new Error(`input "${name}" is missing: the graph takes ${want}`);
    const misfit =
      input?.isTensor &&
      (input.type !== given.dtype ||
        input.shape.length !== given.shape.length ||
        input.shape.some((size, axis) => typeof size === 'number' && size !== given.shape[axis]));
    if (misfit) throw new Error(`input "${name}" is ${want}, got ${given.dtype}[${given.shape.join(', ')}]`);
    // ONNX Runtime refuses SharedArrayBuffer.
    const data = given.data.buffer instanceof ArrayBuffer ? given.data : given.data.slice();
    return new ort.Tensor(given.dtype, /** @type {any} */ (data), given.shape);
  }

  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(inputs, outputs = session.outputNames) {
      for (const name of Object.keys(inputs)) {
        if (!expected.has(name)) {
          throw new Error(`there is no input "${name}": the graph takes ${session.inputNames.join(', ')}`);
        }
      }
      for (const name of outputs) {
        if (!session.outputNames.includes(name)) {
          throw new Error(`there is no output "${name}": the graph has ${session.outputNames.join(', ')}`);
        }
      }
      const feeds = Object.fromEntries(session.inputNames.map((name) => [name, feed(name, inputs[name])]));
      const results = await session.run(feeds, [...outputs]);
      return Object.fromEntries(outputs.map((name) => [name, toTensor(name, results[name])]));
    },
    release: () => session.release(),
  };
}

/**
 * @param {string} name
 * @param {import('onnxruntime-node').Tensor | undefined} result
 * @returns {Tensor}
 */
function toTensor(name, result) {
  if (result === undefined) throw new Error(`output "${name}" was not computed`);
  const dtype = /** @type {DType} */ (result.type);
  const TypedArray = typedArrays[dtype];
  if (TypedArray === undefined) {
    throw new Error(`output "${name}" is ${result.type}; only ${Object.keys(typedArrays).join(', ')} can be read`);
  }
  const view = /** @type {ArrayBufferView & { length: number }} */ (result.data);
  // Newer versions of Node give float16 as Float16Array: here it is always its bits.
  const data = view instanceof TypedArray ? view : new TypedArray(view.buffer, view.byteOffset, view.length);
  return /** @type {Tensor} */ ({ dtype, shape: [...result.dims], data });
}
