/**
 * `npm run bench:codec -- --model DIR`: what compression costs on the device and the edge, in one run: the network up to the
 * split point; attention and feature encoder; quantizer and entropy coder; and the entropy decoder.
 *
 * All parts take turns, picture by picture. Options: `--json`, `--rounds N`, `--threads N`, `--pictures DIR`, `--no-save`.
 * Writes results/bench-codec.json.
 */

import { readdir, readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { max, median, min } from 'simple-statistics';
import { quantize } from '../src/core/codec/index.ts';
import { readSplitModel } from '../src/core/model/index.ts';
import { pickTensor, tensor } from '../src/core/tensor/index.ts';
import { decodeFrame, encodeFrame } from '../src/core/wire/index.ts';
import { featureMapName } from '../src/lab/build/index.ts';
import { provenance } from '../src/lab/experiments/index.ts';
import { atomicWriteFile } from '../src/lab/files/index.ts';
import { extractGraph } from '../src/lab/graph/index.ts';
import { createNodeRuntime } from '../src/runtime/node.ts';
import { decodePicture } from '../src/runtime/picture.ts';

const warmUpRounds = 5;
const resultFile = fileURLToPath(new URL('../results/bench-codec.json', import.meta.url));

const { values: given } = parseArgs({
  options: {
    model: { type: 'string', default: 'out/model' },
    pictures: { type: 'string', default: 'samples' },
    json: { type: 'boolean', default: false },
    'no-save': { type: 'boolean', default: false },
    rounds: { type: 'string', default: '101' },
    threads: { type: 'string', default: '2' },
  },
});
const [rounds, threads] = [Number(given.rounds), Number(given.threads)];

/** The parts in the order of the data. */
const parts = ['network up to the split', 'attention and encoder', 'quantizer and coder', 'entropy decoder'] as const;
type Part = (typeof parts)[number];

const pictures = (await readdir(given.pictures, { recursive: true }))
  .filter((name) => /\.(jpe?g|png|webp)$/i.test(name))
  .sort()
  .map((name) => join(given.pictures, name));
if (pictures.length === 0) throw new Error(`no pictures in ${given.pictures}`);

const startedAt = performance.now();
const model = await readSplitModel((name) => readFile(join(given.model, name)));
const { layout, entropyModel, manifest } = model;
const { crop } = manifest.preprocessing;
const deviceGraph = await model.readGraph('device');
const runtime = await createNodeRuntime({ threads, worker: false });
await using network = await runtime.createSession(extractGraph(deviceGraph, ['image'], [featureMapName]));
await using encoder = await runtime.createSession(extractGraph(deviceGraph, [featureMapName], ['latent', 'pooled']));

const taken: Record<Part, number[]> = {
  'network up to the split': [],
  'attention and encoder': [],
  'quantizer and coder': [],
  'entropy decoder': [],
};
const frameBytes: number[] = [];
for (let round = 0; round < warmUpRounds + rounds; round++) {
  const { rgb } = await decodePicture(pictures[round % pictures.length] as string);
  const image = tensor('uint8', [1, crop, crop, 3], rgb);
  const times = [performance.now()];
  const map = pickTensor(await network.run({ image }), featureMapName, 'float32');
  times.push(performance.now());
  const latent = pickTensor(await encoder.run({ [featureMapName]: map }), 'latent', 'float32').data;
  times.push(performance.now());
  const frame = encodeFrame(quantize(latent, entropyModel), layout);
  times.push(performance.now());
  decodeFrame(frame, layout);
  times.push(performance.now());
  if (round < warmUpRounds) continue;
  frameBytes.push(frame.length);
  for (const [i, part] of parts.entries()) taken[part].push((times[i + 1] as number) - (times[i] as number));
}

const milliseconds = parts.map((part) => ({
  part,
  medianMs: median(taken[part]),
  minMs: min(taken[part]),
  maxMs: max(taken[part]),
}));
const [networkMs = 0, encoderMs = 0, coderMs = 0] = milliseconds.map(({ medianMs }) => medianMs);
const result = {
  provenance: await provenance(`npm run bench:codec -- --model ${given.model} --rounds ${rounds} --threads ${threads}`),
  seconds: Math.round((performance.now() - startedAt) / 1000),
  modelId: manifest.modelId,
  n: rounds,
  threads,
  frameBytes: { mean: frameBytes.reduce((a, b) => a + b, 0) / frameBytes.length },
  milliseconds,
  /** Share of the device's time for a picture that compression takes. */
  compressionShare: (encoderMs + coderMs) / (networkMs + encoderMs + coderMs),
  /** Of the last minute: well above `threads` means that other processes slowed everything down. */
  loadAverage: loadavg()[0] ?? null,
};
if (!given['no-save']) await atomicWriteFile(resultFile, `${JSON.stringify(result, null, 2)}\n`);
if (given.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
else {
  for (const { part, medianMs, minMs, maxMs } of milliseconds) {
    process.stdout.write(
      `${part.padEnd(24)} ${medianMs.toFixed(3)} ms (${minMs.toFixed(3)} to ${maxMs.toFixed(3)}, n = ${rounds})\n`,
    );
  }
  process.stdout.write(`compression takes ${(100 * result.compressionShare).toFixed(1)} % of the device's time\n`);
}
