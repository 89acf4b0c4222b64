/**
 * How long each part of the way takes on this machine, one picture at a time. The device's and the edge's parts are timed
 * through the very code that they run.
 *
 * The twist: idle threads of ONNX Runtime go on spinning after a run, for about 40 ms of CPU time, on the cores that the next
 * session needs. On a real device and a real edge nobody's do, so there is a pause before each piece that is timed.
 */

import { availableParallelism, cpus, loadavg } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { median } from 'simple-statistics';
import { z } from 'zod';
import { pickTensor, tensor } from '../../../../core/tensor/index.ts';
import { createImageCompressor } from '../../../../device/index.ts';
import { createEdgeModel } from '../../../../edge/index.ts';
import { featureMapName, restoredFeatureMapName } from '../../../build/index.ts';
import { type Sample, stratifiedSelection } from '../../../datasets/index.ts';
import { extractGraph } from '../../../graph/index.ts';
import { cachedRows } from './answer-cache.ts';
import { type AnswerContext, networkKey, signalOf } from './answer-context.ts';

/** Medians in milliseconds, each of one picture alone. */
export interface AnswerTimes {
  /** Decoded picture to frame: device graph, quantizer, entropy coder. */
  readonly device: number;
  /** Pooled features to the device's own answer. */
  readonly fallback: number;
  /** Frame to answer: entropy decoder, dequantizer, edge graph. */
  readonly edge: number;
  /** Decoded picture to answer, uncompressed: the network that gets the picture itself. */
  readonly wholeNetwork: number;
  /** ISO 8601 date and time. */
  readonly measuredOn: string;
  /** Of the machine in the minute before: at or above its cores, other processes slowed everything down. */
  readonly loadAverage: number;
}

const milliseconds = z.number().positive();
const answerTimesSchema: z.ZodType<AnswerTimes> = z.object({
  device: milliseconds,
  fallback: milliseconds,
  edge: milliseconds,
  wholeNetwork: milliseconds,
  measuredOn: z.string(),
  loadAverage: z.number().nonnegative(),
});

/** Rounds before those that count. */
const warmUpRounds = 3;

/** Rounds that count. */
const timedRounds = 21;

/** Until threads of a session have stopped spinning; a session of one thread has none. */
const quietMs = 100;

/** What a time depends on beside what is timed. */
export const machineKey = () => ({ cpu: cpus()[0]?.model ?? '', cores: availableParallelism() });

/** Pictures to time something on, one a round and drawn evenly from the classes: the same ones at every call. */
export const timedSamples = (samples: readonly Sample[]): Sample[] => stratifiedSelection(samples, timedRounds, 0);

/** How {@link medianTimes} goes about it. */
export interface MedianTimesOptions {
  /** Pause before each piece; none when left out. */
  readonly pauseMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * The median time of each of several pieces of work; they take turns, so that what else the machine does hits all alike.
 *
 * @param work - Does one piece with the pixels of a picture, `224 * 224 * 3` bytes; one round does each once, in order.
 * @throws the signal's reason when aborted.
 */
export async function medianTimes<Name extends string>(
  samples: readonly Sample[],
  work: Readonly<Record<Name, (rgb: Uint8Array) => Promise<unknown>>>,
  { pauseMs = 0, signal }: MedianTimesOptions = {},
): Promise<Record<Name, number>> {
  const names = Object.keys(work) as Name[];
  const taken = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = -warmUpRounds; round < timedRounds; round++) {
    const sample = samples[(round + warmUpRounds) % samples.length];
    if (sample === undefined) throw new RangeError('samples must hold a picture to time something on');
    const rgb = await sample.load();
    for (const name of names) {
      await setTimeout(pauseMs);
      signal?.throwIfAborted();
      const startMs = performance.now();
      await work[name](rgb);
      if (round >= 0) taken.get(name)?.push(performance.now() - startMs);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(taken.get(name) ?? [])])) as Record<Name, number>;
}

/**
 * Measures the times of a model on this machine, with real frames.
 *
 * @param samples - Pictures to measure on, at least one.
 * @throws the context's signal's reason when aborted.
 */
export async function measureTimes(context: AnswerContext, samples: readonly Sample[]): Promise<AnswerTimes> {
  const { model, runtime, threads } = context;
  const loadAverage = loadavg()[0] ?? 0;
  const { crop } = model.manifest.preprocessing;
  const graphs = await context.readGraphs();
  await using compressor = await createImageCompressor(model, runtime);
  // One thread, as a device loads it.
  await using fallback = await runtime.createSession(await model.readGraph('fallback'), { threads: 1 });
  await using edge = await createEdgeModel(model, runtime);
  await using front = await runtime.createSession(extractGraph(graphs.device, ['image'], [featureMapName]));
  await using tail = await runtime.createSession(graphs.tail);
  const blank = new Uint8Array(crop * crop * 3);
  let compressed = await compressor.compress({ rgb: blank });
  const frontOf = async (rgb: Uint8Array) =>
    pickTensor(await front.run({ image: tensor('uint8', [1, crop, crop, 3], rgb) }), featureMapName, 'float32');
  let map = await frontOf(blank);
  const {
    front: frontMs,
    tail: tailMs,
    ...times
  } = await medianTimes(
    timedSamples(samples),
    {
      device: async (rgb) => {
        compressed = await compressor.compress({ rgb });
      },
      fallback: () => fallback.run({ pooled: compressed.pooled }),
      edge: () => edge.infer({ requestId: 0, frame: compressed.frame }),
      // The whole network is both of these: in one session, and without the pause between them.
      front: async (rgb) => {
        map = await frontOf(rgb);
      },
      tail: () => tail.run({ [restoredFeatureMapName]: map }),
    },
    { pauseMs: threads > 1 ? quietMs : 0, ...signalOf(context) },
  );
  return { ...times, wholeNetwork: frontMs + tailMs, measuredOn: new Date().toISOString(), loadAverage };
}

/** What {@link openTimes} does about times that are kept. */
export interface TimesOptions {
  /** Measures all the same, and keeps the new ones; those that are there when left out. */
  readonly measureAnew?: boolean;
}

/** The times of a model on this machine, measured once: what is measured is the machine, whatever the pictures. */
export async function openTimes(
  context: AnswerContext,
  samples: readonly Sample[],
  { measureAnew = false }: TimesOptions = {},
): Promise<AnswerTimes> {
  const [times] = await cachedRows(context, {
    label: 'times',
    key: { kind: 'times', ...networkKey(context), ...machineKey() },
    row: answerTimesSchema,
    count: 1,
    anew: measureAnew,
    compute: async function* () {
      yield [await measureTimes(context, samples)];
    },
  });
  return times as AnswerTimes;
}
