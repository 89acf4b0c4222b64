/**
 * The worker thread of one session: loads the graph it is given, then answers `run` messages in the order of arrival.
 *
 * `run()` of onnxruntime-node blocks its thread for as long as it computes; here it blocks nobody else. Buffers of outputs
 * are transferred, not copied. The protocol is private to `node.ts`.
 *
 * @typedef {{ kind: 'run', id: number, inputs: import('../core/tensor/index.ts').TensorMap, outputs?: readonly string[] }} RunMessage
 * @typedef {{ kind: 'close' }} CloseMessage
 * @typedef {{ kind: 'ready', inputNames: readonly string[], outputNames: readonly string[] } |
 *   { kind: 'refused', message: string } |
 *   { kind: 'done', id: number, outputs: Record<string, import('../core/tensor/index.ts').Tensor> } |
 *   { kind: 'failed', id: number, message: string }} WorkerReply
 */

import { parentPort, workerData } from 'node:worker_threads';
import { loadOrtSession } from './ort-session.js';

/** @param {WorkerReply} reply @param {ArrayBuffer[]} [transfer] */
function reply(reply, transfer = []) {
  parentPort?.postMessage(reply, transfer);
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/** @param {import('./ort-session.js').OrtSession} session */
function serve(session) {
  /** @type {Promise<void>} */
  let last = Promise.resolve();

  /** @param {RunMessage} message */
  async function run({ id, inputs, outputs }) {
    try {
      const results = await session.run(inputs, outputs);
      // A set, because a graph may give one buffer under two names.
      const buffers = new Set(Object.values(results).map(({ data }) => /** @type {ArrayBuffer} */ (data.buffer)));
      reply({ kind: 'done', id, outputs: results }, [...buffers]);
    } catch (error) {
      reply({ kind: 'failed', id, message: messageOf(error) });
    }
  }

  parentPort?.on('message', (/** @type {RunMessage | CloseMessage} */ message) => {
    last = last.then(async () => {
      if (message.kind === 'run') return run(message);
      await session.release();
      parentPort?.close();
    });
  });
  reply({ kind: 'ready', inputNames: session.inputNames, outputNames: session.outputNames });
}

try {
  serve(await loadOrtSession(workerData.graph, workerData.options));
} catch (error) {
  reply({ kind: 'refused', message: messageOf(error) });
}
