/** One comparison: a picture through AECNN and as a JPEG, over the same link, against the same deadline. */

import {
  cutFrame,
  decodeFrame,
  elementEntropyBits,
  type InferAnswer,
  parseChunkMessage,
  requestKind,
  type SplitModel,
  splitFrame,
} from 'aecnn/core';
import type { DeviceAnswer, DeviceImage } from 'aecnn/device';
import type { BrowserDevice } from './browser-device.ts';
import { inferPicture } from './edge-api.ts';
import { messageOf } from './format.ts';
import { jpegOf } from './pixels.ts';

/** Labels of an answer, likeliest first. */
export type Labels = InferAnswer['top'];

/** Where the time of one way went, in ms from the decoded picture. */
export interface Timeline {
  readonly device: number;
  readonly link: number;
  readonly edge: number;
  readonly total: number;
}

/** How one way of answering did. */
export interface Way {
  readonly bytes: number;
  readonly top: Labels;
  readonly timeMs: Timeline;
  readonly isInTime: boolean;
  /** Who answered, and why nobody else did. */
  readonly note: string;
}

/** What the edge makes of the first so many chunks. */
export interface PrefixAnswer {
  readonly chunks: number;
  readonly bytes: number;
  readonly top: Labels;
  /** When the link had delivered the last of these chunks, from the decoded picture; absent when it was not sent. */
  readonly arrivedMs?: number;
}

/** Where the bits of a frame went. */
export interface SpentBits {
  /** `[height, width]`, row by row. */
  readonly places: readonly number[];
  readonly width: number;
  /** In the order in which attention ranked the channels. */
  readonly channels: readonly number[];
}

/** All of a comparison. */
export interface Comparison {
  readonly aecnn: Way;
  /** Absent when it failed. */
  readonly jpeg?: Way;
  /** Why there is no `jpeg`. */
  readonly jpegProblem?: string;
  readonly prefixes: readonly PrefixAnswer[];
  readonly spent: SpentBits;
  readonly deadlineMs: number;
}

/** How to compare. */
export interface ComparisonOptions {
  readonly deadlineMs: number;
  /** 1 to 100. */
  readonly jpegQuality: number;
}

/** Bytes of an HTTP request beside its body, as a browser sends it. */
const httpHeaderBytes = 500;
/** A JPEG that is longer on its way, there and back, is given up. */
const mostMs = 60_000;

/**
 * Compares.
 *
 * @throws `DeadlineError` when the device alone needs longer than the deadline.
 */
export async function compare(
  opened: BrowserDevice,
  image: DeviceImage,
  { deadlineMs, jpegQuality }: ComparisonOptions,
): Promise<Comparison> {
  const { device, link, model } = opened;
  link.takeDeliveries();
  const startMs = performance.now();
  const answer = await device.infer(image, { deadlineMs });
  const arrivals = arrivalsOf(link.takeDeliveries(), startMs);
  const jpegOutcome = await jpegWay(opened, image, jpegQuality, deadlineMs).then(
    (jpeg) => ({ jpeg }),
    (error) => ({ jpegProblem: jpegProblem(error) }),
  );
  const { frame } = await device.compress(image);
  return {
    aecnn: aecnnWay(answer),
    ...jpegOutcome,
    prefixes: await prefixAnswers(opened, frame, arrivals),
    spent: spentBits(frame, model),
    deadlineMs,
  };
}

function aecnnWay({ frameBytes, top, timeMs, inTime, via, chunks, edgeError }: DeviceAnswer): Way {
  const notes = {
    edge: 'answered by the edge',
    'edge-prefix': `answered by the edge from ${chunks.decoded} of ${chunks.of} chunks`,
    device: `answered by the device itself${edgeError === undefined ? '' : `: ${edgeError.message}`}`,
  };
  return { bytes: frameBytes, top, timeMs, isInTime: inTime, note: notes[via] };
}

/** The picture as a JPEG of the network's size, which the edge answers with the same network. */
async function jpegWay(
  { link, model }: BrowserDevice,
  image: DeviceImage,
  quality: number,
  deadlineMs: number,
): Promise<Way> {
  const startMs = performance.now();
  const jpeg = await jpegOf(image, quality, model.manifest.preprocessing.crop);
  const sentMs = performance.now();
  const signal = AbortSignal.timeout(mostMs);
  await link.carryUp(jpeg.size + httpHeaderBytes, signal);
  const { top, timeMs } = await inferPicture(model.manifest.modelId, jpeg, signal);
  await link.carryDown(signal);
  const total = performance.now() - startMs;
  const device = sentMs - startMs;
  return {
    bytes: jpeg.size,
    top,
    timeMs: { device, edge: timeMs, link: total - device - timeMs, total },
    isInTime: total <= deadlineMs,
    note: `quality ${quality}, answered by the edge`,
  };
}

function jpegProblem(error: unknown): string {
  const isGivenUp = error instanceof DOMException && error.name === 'TimeoutError';
  return isGivenUp ? `it was given up after ${mostMs / 1000} s` : messageOf(error);
}

/** When each chunk had arrived. */
function arrivalsOf(deliveries: ReturnType<BrowserDevice['link']['takeDeliveries']>, startMs: number): number[] {
  const arrivals: number[] = [];
  for (const { message, atMs } of deliveries) {
    if (requestKind(message) === 'chunk') arrivals[parseChunkMessage(message).index] = atMs - startMs;
  }
  return arrivals;
}

/** What the edge says to each prefix of the frame, asked one by one on the way that is not slowed down. */
async function prefixAnswers(
  { direct }: BrowserDevice,
  frame: Uint8Array,
  arrivals: readonly number[],
): Promise<PrefixAnswer[]> {
  const answers: PrefixAnswer[] = [];
  try {
    for (let chunks = 1; chunks <= splitFrame(frame).length; chunks++) {
      const cut = cutFrame(frame, chunks);
      const response = await direct.send({ frame: cut }, { timeoutMs: 3000 });
      const arrivedMs = arrivals[chunks - 1];
      if (response.ok) {
        answers.push({ chunks, bytes: cut.length, top: response.top, ...(arrivedMs !== undefined && { arrivedMs }) });
      }
    }
  } catch {
    // The edge is away: what it would have said is not known.
  }
  return answers;
}

/** What each place and each channel of the latent cost. */
function spentBits(frame: Uint8Array, model: SplitModel): SpentBits {
  const { symbols } = decodeFrame(frame, model.layout);
  const bits = elementEntropyBits(model.entropyModel, symbols);
  const [channels, height, width] = model.layout.latentShape;
  const positions = height * width;
  const sum = (elements: Iterable<number>): number => {
    let total = 0;
    for (const bit of elements) total += bit;
    return total;
  };
  return {
    width,
    places: Array.from({ length: positions }, (_, place) => sum(bits.filter((_bit, i) => i % positions === place))),
    channels: Array.from({ length: channels }, (_, c) => sum(bits.subarray(c * positions, (c + 1) * positions))),
  };
}
