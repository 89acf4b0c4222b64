/**
 * `npm run bench:train`: milliseconds an image of one training step of conv5_x and a 101-class classifier (forward,
 * cross-entropy, backward, SGD with momentum; float32, batch 32), as one ONNX graph and in PyTorch, in the same run.
 *
 * Both sides start from the same numbers, their steps take turns, and their losses must agree: they do the same work.
 * Options: `--json`, `--rounds N`, `--threads N`, `--batch N`, `--no-save`. Writes results/bench-train.json.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pickTensor, type TensorMap } from '../src/core/tensor/index.ts';
import { provenance } from '../src/lab/experiments/index.ts';
import { atomicWriteFile } from '../src/lab/files/index.ts';
import { createNodeRuntime } from '../src/runtime/node.ts';
import { findPython, type PyTorchPeer, type StepReport, startPyTorch } from './pytorch-peer.ts';
import { buildTrainingStep, drawStartingPoint, type StartingPoint } from './training-step.ts';

const classes = 101;
const warmUpRounds = 2;
/** Losses of the two sides may differ by this much, relative, after some steps in float32. */
const lossTolerance = 1e-3;
const resultFile = fileURLToPath(new URL('../results/bench-train.json', import.meta.url));

const { values: given } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    'no-save': { type: 'boolean', default: false },
    rounds: { type: 'string', default: '7' },
    threads: { type: 'string', default: '2' },
    batch: { type: 'string', default: '32' },
  },
});
const [rounds, threads, batch] = [Number(given.rounds), Number(given.threads), Number(given.batch)];

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (
    ((sorted[Math.floor((sorted.length - 1) / 2)] as number) + (sorted[Math.floor(sorted.length / 2)] as number)) / 2
  );
}

function summary(steps: readonly StepReport[]) {
  const perImageMs = steps.map(({ milliseconds }) => milliseconds / batch);
  return {
    medianMs: median(perImageMs),
    minMs: Math.min(...perImageMs),
    maxMs: Math.max(...perImageMs),
    n: steps.length,
  };
}

/** Our side: the step as one ONNX graph in this thread. */
async function createOurSide(start: StartingPoint) {
  const runtime = await createNodeRuntime({ threads, worker: false });
  const training = buildTrainingStep(start);
  const session = await runtime.createSession(training.model);
  let state: TensorMap = training.state;
  return {
    name: runtime.name,
    async step(): Promise<StepReport> {
      const startMs = performance.now();
      const outputs = await session.run({ ...training.batch, ...state });
      state = Object.fromEntries(
        Object.keys(state).map((name) => [name, pickTensor(outputs, `new/${name}`, 'float32')]),
      );
      const milliseconds = performance.now() - startMs;
      return { milliseconds, loss: Number(pickTensor(outputs, 'loss', 'float32').data[0]) };
    },
    close: () => session.close(),
  };
}

async function createPeer(start: StartingPoint, folder: string): Promise<PyTorchPeer | undefined> {
  const python = await findPython();
  if (python === undefined) return undefined;
  const startFile = join(folder, 'start.bin');
  const tensors = [start.images, ...Object.values(start.parameters)];
  await writeFile(
    startFile,
    tensors.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  );
  return startPyTorch(python, startFile, { batch, classes, threads });
}

const folder = await mkdtemp(join(tmpdir(), 'aecnn-bench-'));
const startedAt = performance.now();
try {
  const start = drawStartingPoint(batch, classes);
  const ours = await createOurSide(start);
  const peer = await createPeer(start, folder);
  if (peer === undefined) {
    process.stderr.write('no Python that can import torch was found (set PYTHON to one): measuring our side alone\n');
  }
  const [ourSteps, peerSteps]: [StepReport[], StepReport[]] = [[], []];
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    const [our, other] = [await ours.step(), await peer?.step()];
    if (other !== undefined && Math.abs(our.loss / other.loss - 1) > lossTolerance) {
      throw new Error(
        `step ${round}: the losses ${our.loss} and ${other.loss} differ, the sides do not do the same work`,
      );
    }
    process.stderr.write(
      `step ${round}${round < warmUpRounds ? ' (warm-up)' : ''}: ${(our.milliseconds / batch).toFixed(1)} ms an image` +
        `${other ? `, peer ${(other.milliseconds / batch).toFixed(1)}` : ''}, loss ${our.loss.toFixed(4)}\n`,
    );
    if (round < warmUpRounds) continue;
    ourSteps.push(our);
    if (other !== undefined) peerSteps.push(other);
  }
  await ours.close();
  const peerMemory = await peer?.close();

  const oursSummary = { name: ours.name, ...summary(ourSteps), peakMemoryBytes: process.resourceUsage().maxRSS * 1024 };
  const peerSummary = peer && { name: peer.name, ...summary(peerSteps), ...peerMemory };
  const result = {
    provenance: await provenance(`npm run bench:train -- --rounds ${rounds} --threads ${threads} --batch ${batch}`),
    seconds: Math.round((performance.now() - startedAt) / 1000),
    what: 'one training step of conv5_x and a classifier: forward, cross-entropy, backward, SGD with momentum; float32',
    unit: 'milliseconds an image',
    batch,
    classes,
    threads,
    ours: oursSummary,
    peer: peerSummary ?? null,
    /** Speed of our side over that of the peer. */
    ratio: peerSummary ? peerSummary.medianMs / oursSummary.medianMs : null,
    /** Of the last minute: well above `threads` means that other processes slowed both sides down. */
    loadAverage: loadavg()[0] ?? null,
  };
  if (!given['no-save']) {
    await atomicWriteFile(resultFile, `${JSON.stringify(result, null, 2)}\n`);
  }
  if (given.json) {
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  } else {
    const line = ({ name, medianMs, minMs, maxMs, n }: typeof oursSummary | NonNullable<typeof peerSummary>) =>
      `${medianMs.toFixed(1)} ms an image (${minMs.toFixed(1)} to ${maxMs.toFixed(1)}, n = ${n})  ${name}\n`;
    process.stdout.write(`ours  ${line(oursSummary)}`);
    if (peerSummary)
      process.stdout.write(`peer  ${line(peerSummary)}speed of ours / peer: ${result.ratio?.toFixed(2)}\n`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
