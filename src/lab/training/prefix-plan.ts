/**
 * Which refinement of which latent element goes into which chunk: what takes away most error for its bits goes first.
 *
 * Latents are in units of the quantizer's step, whose gains were trained, so an error of a step matters about the same in
 * every element. Each element's refinements worth having are the corners of its convex hull of error against bits; all of
 * them together, steepest first, are the order that is best at every length (Shoham & Gersho, "Efficient bit allocation for
 * an arbitrary set of quantizers", IEEE Transactions on ASSP 36, 1988).
 */

import {
  type ChunkPlan,
  createChunkPlan,
  groupOf,
  noChunk,
  nothingKnown,
  reconstructionOffset,
} from '../../core/codec/index.ts';

/** What a refinement of one element brings, and what it costs. */
interface Refinement {
  readonly element: number;
  /** Resolution that it brings the element to. */
  readonly resolution: number;
  /** Mean over the samples. */
  readonly bits: number;
  /** Squared error that it takes away for each bit. */
  readonly worth: number;
}

/** Error and rate of an element at one resolution. */
interface OperatingPoint {
  readonly resolution: number;
  /** Mean bits of a symbol. */
  readonly bits: number;
  /** Mean squared error, in squared steps. */
  readonly error: number;
}

/** Resolutions that symbols of at most this size have: at the next one all would be one group. */
export function resolutionsFor(largestSymbol: number): number {
  let resolutions = 1;
  while (resolutions < nothingKnown && groupOf(largestSymbol, resolutions) > 0) resolutions++;
  return resolutions;
}

/**
 * Plans chunks from what latents look like.
 *
 * @param latents - Samples, each `float32[k * 49]` in units of the quantizer's step.
 * @param largestSymbol - Symbols are clipped to this size on either side.
 * @param chunkBits - Payload bits of each chunk, mean over the samples. What does not fit is never sent.
 */
export function planChunks(
  latents: readonly Float32Array[],
  largestSymbol: number,
  chunkBits: readonly number[],
): ChunkPlan {
  const elements = latents[0]?.length ?? 0;
  const resolutions = resolutionsFor(largestSymbol);
  const refinements: Refinement[] = [];
  for (let element = 0; element < elements; element++) {
    const values = Float32Array.from(latents, (latent) => {
      return Math.max(-largestSymbol, Math.min(largestSymbol, latent[element] as number));
    });
    refinements.push(...worthwhile(element, operatingPoints(values, resolutions)));
  }
  // Of one element they come in falling order already, and the sort is stable.
  refinements.sort((a, b) => b.worth - a.worth);
  const arrivals = new Uint8Array(resolutions * elements).fill(noChunk);
  let chunk = 0;
  let left = chunkBits[0] ?? 0;
  for (const { element, resolution, bits } of refinements) {
    while (bits > left && chunk < chunkBits.length) left += chunkBits[++chunk] ?? 0;
    if (chunk >= chunkBits.length) break;
    left -= bits;
    // Resolutions that are skipped arrive with the one that is not.
    for (let r = resolution; r < resolutions && arrivals[r * elements + element] === noChunk; r++) {
      arrivals[r * elements + element] = chunk;
    }
  }
  return createChunkPlan(elements, arrivals);
}

/** What the edge takes a symbol of a group to be, as `dequantize` does. */
const reconstructed = (group: number, resolution: number): number =>
  (group + Math.sign(group) * reconstructionOffset) * 2 ** resolution;

/** Error and bits of one element when nothing is sent, then at each resolution, coarse to fine. */
function operatingPoints(values: Float32Array, resolutions: number): OperatingPoint[] {
  const mean = (of: (value: number) => number): number => values.reduce((sum, v) => sum + of(v), 0) / values.length;
  const points: OperatingPoint[] = [{ resolution: resolutions, bits: 0, error: mean((value) => value ** 2) }];
  for (let resolution = resolutions - 1; resolution >= 0; resolution--) {
    const counts = new Map<number, number>();
    let error = 0;
    for (const value of values) {
      const group = groupOf(Math.trunc(value), resolution);
      counts.set(group, (counts.get(group) ?? 0) + 1);
      error += (value - reconstructed(group, resolution)) ** 2 / values.length;
    }
    let bits = 0;
    for (const count of counts.values()) bits += (count / values.length) * Math.log2(values.length / count);
    points.push({ resolution, bits, error });
  }
  return points;
}

/** The corners of the lower convex hull, as refinements from each to the next. */
function worthwhile(element: number, [nothing, ...points]: readonly OperatingPoint[]): Refinement[] {
  if (nothing === undefined) return [];
  const refinements: Refinement[] = [];
  let from = nothing;
  let candidates = points;
  while (candidates.length > 0) {
    const worthOf = ({ bits, error }: OperatingPoint): number =>
      bits > from.bits ? (from.error - error) / (bits - from.bits) : Number.NEGATIVE_INFINITY;
    const best = candidates.reduce((a, b) => (worthOf(b) > worthOf(a) ? b : a));
    const worth = worthOf(best);
    if (!(worth > 0)) break;
    refinements.push({ element, resolution: best.resolution, bits: best.bits - from.bits, worth });
    from = best;
    candidates = candidates.filter(({ resolution }) => resolution < from.resolution);
  }
  return refinements;
}
