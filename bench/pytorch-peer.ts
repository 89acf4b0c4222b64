/** PyTorch as a child process that takes one training step when asked (`bench/train.py`). */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const script = fileURLToPath(new URL('./train.py', import.meta.url));

/** One step as a side reports it. */
export interface StepReport {
  readonly milliseconds: number;
  /** Before the update. */
  readonly loss: number;
}

/** A running peer. */
export interface PyTorchPeer {
  /** e.g. `PyTorch 1.13.0 (Python 3.11.2)`. */
  readonly name: string;
  readonly version: string;
  step(): Promise<StepReport>;
  /** Ends the process. @returns its peak memory. */
  close(): Promise<{ readonly peakMemoryBytes: number }>;
}

/** The first Python that can import torch, of `$PYTHON`, `python3` and Debian's; `undefined` when none can. */
export async function findPython(): Promise<string | undefined> {
  for (const python of [process.env.PYTHON, 'python3', '/usr/bin/python3']) {
    if (python === undefined) continue;
    const imported = await promisify(execFile)(python, ['-c', 'import torch']).then(
      () => true,
      () => false,
    );
    if (imported) return python;
  }
  return undefined;
}

/**
 * Starts the peer.
 *
 * @param startFile - Raw float32: the images, then the parameters in PyTorch's order.
 */
export async function startPyTorch(
  python: string,
  startFile: string,
  { batch, classes, threads }: { readonly batch: number; readonly classes: number; readonly threads: number },
): Promise<PyTorchPeer> {
  const child: ChildProcess = spawn(python, [script, startFile, ...[batch, classes, threads].map(String)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (child.stdin === null || child.stdout === null) throw new TypeError('the peer has no pipes');
  const { stdin } = child;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<Record<string, unknown>> => {
    const line = await lines.next();
    if (line.done) throw new Error('the PyTorch process ended before it answered');
    return JSON.parse(line.value) as Record<string, unknown>;
  };
  const { torch, python: version } = await read();
  return {
    name: `PyTorch ${torch} (Python ${version})`,
    version: String(torch),
    async step() {
      stdin.write('step\n');
      const { milliseconds, loss } = await read();
      return { milliseconds: Number(milliseconds), loss: Number(loss) };
    },
    async close() {
      stdin.end();
      return { peakMemoryBytes: Number((await read()).peakMemoryBytes) };
    },
  };
}
