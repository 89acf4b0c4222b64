/** What each chunk of a frame tells: which latent elements it brings to which resolution. */

import { CodecError } from '../errors.ts';
import { nothingKnown } from './resolution.ts';

/** Most chunks of a frame. */
const mostChunks = 255;

/** In place of a chunk: none brings the element to that resolution. */
export const noChunk = 255;

/** The order in which a latent is sent. Made by {@link createChunkPlan} only. */
export interface ChunkPlan {
  /** Chunks of a whole frame. */
  readonly chunks: number;
  /** Resolutions in use, 0 (single quantizer steps) to `resolutions - 1`. */
  readonly resolutions: number;
  /** `uint8[resolutions, k * h * w]`: the chunk that brings each element to each resolution, or {@link noChunk}. */
  readonly arrivals: Uint8Array;
  /** The same by chunk. */
  readonly refinements: readonly ChunkRefinements[];
}

/** What one chunk tells, in the order in which it is coded: elements in the order of the symbols. */
export interface ChunkRefinements {
  readonly elements: Uint16Array;
  /** Resolution at which each element was known before; {@link nothingKnown} when no chunk had brought it. */
  readonly from: Uint8Array;
  /** Resolution that it is brought to. */
  readonly to: Uint8Array;
}

/**
 * Makes a plan and checks that it is one.
 *
 * @param elements - Elements of the latent, k * h * w, at most 65,535.
 * @param arrivals - `uint8[resolutions, elements]`.
 * @throws {@link CodecError} when a coarse resolution comes after a finer one, or a chunk is empty.
 */
export function createChunkPlan(elements: number, arrivals: Uint8Array): ChunkPlan {
  const resolutions = arrivals.length / elements;
  if (!Number.isInteger(resolutions) || resolutions < 1 || resolutions > nothingKnown || elements > 0xffff) {
    throw new CodecError(`${arrivals.length} arrivals are no plan of ${elements} latent elements`);
  }
  const chunks = 1 + arrivals.reduce((most, chunk) => (chunk === noChunk ? most : Math.max(most, chunk)), -1);
  if (chunks < 1 || chunks > mostChunks) throw new CodecError(`a frame has 1 to ${mostChunks} chunks, got ${chunks}`);
  const lists = Array.from({ length: chunks }, (): [element: number, from: number, to: number][] => []);
  for (let element = 0; element < elements; element++) {
    let known = nothingKnown;
    for (let resolution = resolutions - 1; resolution >= 0; resolution--) {
      const at = (r: number): number => arrivals[r * elements + element] as number;
      const chunk = at(resolution);
      const finer = resolution === 0 ? noChunk : at(resolution - 1);
      if (finer < chunk) {
        throw new CodecError(`chunk ${finer} refines element ${element}, which only chunk ${chunk} brings that far`);
      }
      // What one chunk brings further still it brings there at once.
      if (chunk === noChunk || (resolution > 0 && finer === chunk)) continue;
      (lists[chunk] as [number, number, number][]).push([element, known, resolution]);
      known = resolution;
    }
  }
  const empty = lists.findIndex((list) => list.length === 0);
  if (empty >= 0) throw new CodecError(`chunk ${empty} of the plan brings nothing`);
  const refinements = lists.map((list): ChunkRefinements => {
    list.sort(([a], [b]) => a - b);
    return {
      elements: Uint16Array.from(list, ([element]) => element),
      from: Uint8Array.from(list, ([, from]) => from),
      to: Uint8Array.from(list, ([, , to]) => to),
    };
  });
  return { chunks, resolutions, arrivals, refinements };
}

/** The plan of a latent `[k, h, w]` that is sent channel by channel, each at once: so many channels a chunk. */
export function channelPlan(
  [channels, height, width]: readonly [number, number, number],
  channelsOfChunks: readonly number[],
): ChunkPlan {
  const total = channelsOfChunks.reduce((sum, count) => sum + count, 0);
  if (total !== channels) {
    throw new CodecError(`chunks of [${channelsOfChunks.join(', ')}] channels do not split a latent of ${channels}`);
  }
  const chunkOfChannel = channelsOfChunks.flatMap((count, chunk) => Array.from({ length: count }, () => chunk));
  const positions = height * width;
  const arrivals = Uint8Array.from({ length: channels * positions }, (_, i) => {
    return chunkOfChannel[Math.floor(i / positions)] as number;
  });
  return createChunkPlan(arrivals.length, arrivals);
}

/** Width of the interval of an element that no chunk has brought: wider than any latent. */
export const unknownWidth = 2 ** nothingKnown;

const widthsOfPlans = new WeakMap<ChunkPlan, Map<number, Float32Array>>();

/**
 * How far the first so many chunks tell each element: the width of its intervals but that about 0, in quantizer steps. Made
 * once for every number of chunks; not to be written to.
 */
export function knownWidths(plan: ChunkPlan, chunks: number): Float32Array {
  const known = widthsOfPlans.get(plan) ?? new Map<number, Float32Array>();
  widthsOfPlans.set(plan, known);
  const widths = known.get(chunks) ?? widthsAfter(plan, chunks);
  known.set(chunks, widths);
  return widths;
}

function widthsAfter({ arrivals, resolutions }: ChunkPlan, chunks: number): Float32Array {
  const elements = arrivals.length / resolutions;
  return Float32Array.from({ length: elements }, (_, element) => {
    for (let resolution = 0; resolution < resolutions; resolution++) {
      if ((arrivals[resolution * elements + element] as number) < chunks) return 2 ** resolution;
    }
    return unknownWidth;
  });
}
