/**
 * `npm run bench:edge -- --model DIR`: the edge server under load, against ONNX Runtime alone with the same threads, in one run.
 *
 * Writes results/bench-edge.json. `--help` shows the options.
 */

import { readdir, readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../src/cli/run-command.ts';
import { DatasetError } from '../src/core/errors.ts';
import { readSplitModel } from '../src/core/model/index.ts';
import { createDevice } from '../src/device/index.ts';
import { defaultEdgeServerOptions } from '../src/edge/index.ts';
import { provenance } from '../src/lab/experiments/index.ts';
import { startChild } from '../src/lab/experiments/process-parent.ts';
import { atomicWriteFile } from '../src/lab/files/index.ts';
import { createNodeRuntime } from '../src/runtime/node.ts';
import { decodePicture } from '../src/runtime/picture.ts';
import { type BareRate, bareRates } from './edge/bare-session.ts';
import type { EdgeHandlers } from './edge/edge-process.ts';
import { measureOverload } from './edge/overload.ts';
import { measureThroughput } from './edge/throughput.ts';
import { commandLine, parseOptions, wholeNumber } from './options.ts';

const resultFile = fileURLToPath(new URL('../results/bench-edge.json', import.meta.url));
const help = `Measures the edge server under load, against ONNX Runtime alone.

  npm run bench:edge -- --model DIR [options]

  --model DIR          the split model (out/model)
  --pictures DIR       pictures whose frames are sent (samples)
  --threads N          threads of the edge and of its peer (2)
  --seconds N          of each measurement of throughput, and of each batch size of the peer (10)
  --overload-seconds N (60)
  --json               print the result as JSON
  --no-save            leave results/bench-edge.json as it is
  --help               this text
`;
const batchSizes = [1, 2, 4, 8, 16, 32];
const connectionCounts = [1, 8, 64];
/** Of the edge and of its peer: one over all threads, and one for each thread. */
const sessionCounts = (threads: number): number[] => [...new Set([1, threads])];
/** Of the frames that overload the edge. */
const deadlineMs = 500;
const load = 4;

/** What the edge got, beside what its peer got right before and right after. */
type MeasuredThroughput = Awaited<ReturnType<typeof measureThroughput>> & {
  readonly sessions: number;
  readonly peerFramesPerSecond: number;
  readonly shareOfPeer: number;
};

/** What can be given, and what holds when it is not. */
const optionTypes = {
  model: { type: 'string', default: 'out/model' },
  pictures: { type: 'string', default: 'samples' },
  threads: { type: 'string', default: '2' },
  seconds: { type: 'string', default: '10' },
  'overload-seconds': { type: 'string', default: '60' },
  json: { type: 'boolean', default: false },
  'no-save': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

async function main(signal: AbortSignal): Promise<void> {
  const given = parseOptions(optionTypes);
  if (given.help) {
    process.stdout.write(help);
    return;
  }
  const threads = wholeNumber('threads', given.threads);
  const seconds = wholeNumber('seconds', given.seconds);
  const overloadSeconds = wholeNumber('overload-seconds', given['overload-seconds']);
  const startedAt = performance.now();
  const model = await readSplitModel((name) => readFile(join(given.model, name)));
  const frames = await framesOf(model, given.pictures);
  const say = (what: string): void => void process.stderr.write(`${what}\n`);

  const { maxBatch } = defaultEdgeServerOptions;
  say('ONNX Runtime alone, all batch sizes');
  const peers: BareRate[] = [];
  for (const sessions of sessionCounts(threads)) {
    signal.throwIfAborted();
    peers.push(...(await bareRates(model, { threads, sessions, batchSizes, secondsEach: seconds })));
  }
  const best = peers.reduce((a, b) => (b.framesPerSecond > a.framesPerSecond ? b : a));
  const peerAtItsBest = async (): Promise<number> => {
    const { sessions, batchSize } = best;
    const [rate] = await bareRates(model, { threads, sessions, batchSizes: [batchSize], secondsEach: seconds });
    return rate?.framesPerSecond ?? 0;
  };
  const throughput: MeasuredThroughput[] = [];
  const overload: (Awaited<ReturnType<typeof measureOverload>> & { readonly sessions: number })[] = [];
  for (const sessions of sessionCounts(threads)) {
    await using child = startChild<EdgeHandlers>(new URL('./edge/edge-process', import.meta.url), {
      name: 'the edge process',
      signal,
    });
    const { url } = await child.call('open', { modelFolder: given.model, threads, sessions, maxBatch });
    for (const connections of connectionCounts) {
      signal.throwIfAborted();
      say(`sessions: ${sessions}, connections: ${connections}`);
      // A machine changes its speed within minutes: the peer right before and right after.
      const before = await peerAtItsBest();
      const measured = await measureThroughput({ child, url }, frames, { connections, seconds });
      const peerFramesPerSecond = (before + (await peerAtItsBest())) / 2;
      const shareOfPeer = measured.framesPerSecond / peerFramesPerSecond;
      throughput.push({ sessions, ...measured, peerFramesPerSecond, shareOfPeer });
    }
    signal.throwIfAborted();
    say(`sessions: ${sessions}, ${load} times more than it can carry, for ${overloadSeconds} s`);
    const rates = throughput.filter((measured) => measured.sessions === sessions);
    const capacityPerSecond = Math.max(...rates.map(({ framesPerSecond }) => framesPerSecond));
    const options = { capacityPerSecond, load, seconds: overloadSeconds, deadlineMs };
    overload.push({ sessions, ...(await measureOverload({ child, url }, frames, options)) });
  }
  const result = {
    provenance: await provenance(commandLine('bench:edge')),
    seconds: Math.round((performance.now() - startedAt) / 1000),
    modelId: model.manifest.modelId,
    threads,
    maxBatch,
    frames: frames.length,
    onnxRuntimeAlone: peers,
    throughput,
    overload,
    /** Of the last minute: edge, load and peer share the machine. */
    loadAverage: loadavg()[0] ?? null,
  };
  const text = `${JSON.stringify(result, null, 2)}\n`;
  if (!given['no-save']) await atomicWriteFile(resultFile, text);
  if (given.json) process.stdout.write(text);
  else {
    say(`ONNX Runtime alone: ${best.framesPerSecond.toFixed(1)} frames a second in batches of ${best.batchSize}`);
    for (const measured of result.throughput) {
      const { sessions, connections, framesPerSecond, shareOfPeer, queueMs, longestLoopDelayMs } = measured;
      say(
        `sessions ${sessions}, ${connections} connections: ${framesPerSecond.toFixed(1)} frames a second (${shareOfPeer.toFixed(2)} of it), queue ` +
          `p99 ${queueMs.p99.toFixed(0)} ms, event loop held up for at most ${longestLoopDelayMs.toFixed(0)} ms`,
      );
    }
    for (const { sessions, sent, answered, acceptedAndLate, refusalMs, normalAgainAfterMs } of overload) {
      say(
        `sessions ${sessions}, overload: ${sent} sent, ${answered} answered, ${acceptedAndLate} accepted and late, refusals after ` +
          `${refusalMs.p50.toFixed(1)} ms (p99 ${refusalMs.p99.toFixed(1)}), normal again after ${normalAgainAfterMs.toFixed(0)} ms`,
      );
    }
  }
}

/** The frames of all pictures of a folder, each in one packet. */
async function framesOf(model: Parameters<typeof createDevice>[0]['model'], folder: string): Promise<Uint8Array[]> {
  const names = (await readdir(folder, { recursive: true }).catch(() => [])).filter((name) =>
    /\.(jpe?g|png|webp)$/i.test(name),
  );
  if (names.length === 0) throw new DatasetError(`no pictures in ${folder}: give a folder with --pictures`);
  await using device = await createDevice({ model, runtime: await createNodeRuntime() });
  const frames: Uint8Array[] = [];
  for (const name of names.sort()) frames.push((await device.compress(await decodePicture(join(folder, name)))).frame);
  return frames;
}

await runCommand(main);
