/** All methods over one link: the same requests, pictures, machines and chance for each. */

import type { SplitModel } from '../../../core/model/index.ts';
import { codecName, type PictureCodec } from '../paper/pictures/picture-codecs.ts';
import type { AdaptedAnswers } from './answers/adapted-answers.ts';
import type { Answer } from './answers/answer.ts';
import { letSignalsIn } from './answers/answer-context.ts';
import type { PictureAnswers } from './answers/prefix-answers.ts';
import type { SelectionCandidates } from './answers/selection-candidates.ts';
import type { LinkMethodName } from './method-names.ts';
import { bestCodecFor, smallestLosslessCodec } from './picture-codec-choice.ts';
import { type MethodResult, methodResult, type Outcome } from './simulation/outcome.ts';
import type { Scenario } from './simulation/scenario.ts';
import { simulateAecnn } from './simulation/simulate-aecnn.ts';
import { simulateComputing } from './simulation/simulate-computing.ts';
import { type Sendable, simulateSending } from './simulation/simulate-sending.ts';

/** What pictures that went through a codec come to; only asked for what a method needs. */
export interface PictureSource {
  /** What a codec is chosen on. */
  selection(): Promise<SelectionCandidates>;
  /** Bytes and answers of the simulated pictures. */
  answers(codec: PictureCodec): Promise<{ readonly bytes: readonly number[]; readonly answers: readonly Answer[] }>;
  /** Bytes alone. */
  bytes(codec: PictureCodec): Promise<readonly number[]>;
  /** Time to encode, in ms, on the device, after scaling. */
  encodeMs(codec: PictureCodec): Promise<number>;
  /** Networks that were adapted to a codec, where those are to be used; their answers are of the simulated pictures. */
  adapted(): Promise<readonly AdaptedAnswers[] | undefined>;
}

/** What is simulated. */
export interface SimulateOptions {
  readonly scenario: Scenario;
  readonly model: SplitModel;
  readonly pictures: readonly PictureAnswers[];
  readonly source: PictureSource;
  readonly methods: readonly LinkMethodName[];
  readonly signal?: AbortSignal;
  /** Told each method when it is done. */
  readonly onResult?: (result: MethodResult) => void;
}

/** Simulates each method in turn. @throws the signal's reason when aborted. */
export async function simulateMethods(options: SimulateOptions): Promise<MethodResult[]> {
  const results: MethodResult[] = [];
  for (const method of options.methods) {
    await letSignalsIn();
    options.signal?.throwIfAborted();
    const { outcomes, codec } = await simulators[method](options);
    const result = methodResult(method, outcomes.slice(options.scenario.warmUp), codec);
    results.push(result);
    options.onResult?.(result);
  }
  return results;
}

interface Simulated {
  readonly outcomes: readonly Outcome[];
  readonly codec?: string;
}

type Simulator = (options: SimulateOptions) => Promise<Simulated>;

const simulators: { readonly [Name in LinkMethodName]: Simulator } = {
  aecnn: async ({ scenario, model, pictures }) => ({ outcomes: await simulateAecnn(scenario, model, pictures) }),
  'aecnn-fixed': async (options) => sendFrames(options, { choose: 'blindly', fallback: true }),
  'aecnn-fixed-no-fallback': async (options) => sendFrames(options, { choose: 'blindly', fallback: false }),
  oracle: async (options) => sendFrames(options, { choose: 'knowingly', fallback: true }),
  jpeg: (options) => sendPictures(options, 'jpeg', { fallback: false }),
  webp: (options) => sendPictures(options, 'webp', { fallback: false }),
  'jpeg-fallback': (options) => sendPictures(options, 'jpeg', { fallback: true }),
  'jpeg-equal': async (options) => {
    const codec = smallestLosslessCodec(await options.source.selection(), 'jpeg');
    return sendCodec(options, codec, { fallback: false });
  },
  device: async ({ scenario, pictures }) => ({
    outcomes: simulateComputing(scenario, {
      deviceMs: scenario.clockStarts === 'network' ? 0 : scenario.times.device + scenario.times.fallback,
      isRight: deviceIsRight(pictures),
    }),
  }),
  'whole-device': async ({ scenario, pictures }) => {
    const { wholeOnDevice, device } = scenario.times;
    return {
      outcomes: simulateComputing(scenario, {
        // The device's part up to the split is what a clock of the network leaves out.
        deviceMs: scenario.clockStarts === 'network' ? Math.max(0, wholeOnDevice - device) : wholeOnDevice,
        isRight: (i) => pictures[i]?.uncompressed.label === pictures[i]?.label,
      }),
    };
  },
};

function sendFrames(
  { scenario, pictures }: SimulateOptions,
  { choose, fallback }: { readonly choose: 'blindly' | 'knowingly'; readonly fallback: boolean },
): Simulated {
  const { device, fallback: fallbackMs, edge } = scenario.times;
  // Longest first.
  const frames = pictures.map(({ chunkBytes, edge: answers, label }): Sendable[] =>
    chunkBytes.map((bytes, i) => ({ bytes, isRight: answers[i]?.label === label })).reverse(),
  );
  const outcomes = simulateSending(scenario, {
    sendables: (i) => frames[i] ?? [],
    choose,
    deviceMs: device + (fallback ? fallbackMs : 0),
    edgeMs: edge,
    ...(fallback && { deviceIsRight: deviceIsRight(pictures) }),
  });
  return { outcomes };
}

/** The codec that suits the link: of the networks that were adapted to one, where those are to be used, else of a format. */
async function sendPictures(
  options: SimulateOptions,
  format: 'jpeg' | 'webp',
  way: { readonly fallback: boolean },
): Promise<Simulated> {
  const adapted = (await options.source.adapted())?.filter(({ codec }) => codec.format === format) ?? [];
  if (adapted.length > 0) return bestAdapted(options, adapted, way);
  const selection = await options.source.selection();
  const encodeMs = new Map<PictureCodec, number>();
  for (const { codec } of selection.candidates) encodeMs.set(codec, await options.source.encodeMs(codec));
  const trial = { scenario: options.scenario, encodeMs: (codec: PictureCodec) => encodeMs.get(codec) ?? 0 };
  return sendCodec(options, bestCodecFor(trial, selection, format), way);
}

async function sendCodec(
  options: SimulateOptions,
  codec: PictureCodec,
  way: { readonly fallback: boolean },
): Promise<Simulated> {
  const { bytes, answers } = await options.source.answers(codec);
  const isRight = answers.map(({ label }, i) => label === options.pictures[i]?.label);
  return sendFiles(options, codec, { bytes, isRight }, way);
}

/** The adapted network with the most right answers in time: chosen on the very pictures it is judged on, in its favour. */
async function bestAdapted(
  options: SimulateOptions,
  adapted: readonly AdaptedAnswers[],
  way: { readonly fallback: boolean },
): Promise<Simulated> {
  const tried: Simulated[] = [];
  for (const { codec, right } of adapted) {
    const { outcomes } = await sendFiles(
      options,
      codec,
      { bytes: await options.source.bytes(codec), isRight: right },
      way,
    );
    tried.push({ outcomes, codec: `adapted ${codecName(codec)}` });
  }
  const accuracy = ({ outcomes }: Simulated): number =>
    methodResult('', outcomes.slice(options.scenario.warmUp)).accuracyInTime;
  return tried.reduce((best, next) => (accuracy(next) > accuracy(best) ? next : best));
}

async function sendFiles(
  { scenario, pictures, source }: SimulateOptions,
  codec: PictureCodec,
  files: { readonly bytes: readonly number[]; readonly isRight: readonly boolean[] },
  { fallback }: { readonly fallback: boolean },
): Promise<Simulated> {
  const { device, fallback: fallbackMs, wholeOnEdge } = scenario.times;
  const outcomes = simulateSending(scenario, {
    sendables: (i) => [{ bytes: files.bytes[i] as number, isRight: files.isRight[i] === true }],
    choose: 'blindly',
    deviceMs: (await source.encodeMs(codec)) + (fallback ? device + fallbackMs : 0),
    edgeMs: wholeOnEdge,
    ...(fallback && { deviceIsRight: deviceIsRight(pictures) }),
  });
  return { outcomes, codec: codecName(codec) };
}

const deviceIsRight =
  (pictures: readonly PictureAnswers[]) =>
  (i: number): boolean =>
    pictures[i]?.device.label === pictures[i]?.label;
