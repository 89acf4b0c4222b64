/**
 * Symbols of a latent to payloads and back: where plan, model, coder and sink meet.
 *
 *     symbols ─► group at the chunk's resolution ─► interval ─► range encoder ─► payload of the chunk
 *     payload ─► range decoder ─► quantile ─► group ─► symbols, as far as they are known
 *
 * Each chunk is coded on its own, given those before it, so that any number of leading chunks decodes. A refinement takes its
 * probabilities from the table of the whole symbol: the frequency of a finer group over that of the group it lies in. By the
 * chain rule a symbol that comes in several chunks costs the same bits as one that comes at once.
 */

import { CodecError } from '../errors.ts';
import { createByteSink } from './byte-sink.ts';
import type { ChunkPlan, ChunkRefinements } from './chunk-plan.ts';
import { type EntropyModel, requireElements, symbolIndex } from './entropy-model.ts';
import { type FrequencyTable, indexOfQuantile } from './frequency-table.ts';
import { rangeCoder } from './range-coder.ts';
import { groupFirst, groupLast, groupOf } from './resolution.ts';

/** How the symbols of a split model are modelled and sent. */
export interface LatentLayout {
  /** Channels, height, width of the latent. */
  readonly latentShape: readonly [number, number, number];
  readonly entropyModel: EntropyModel;
  readonly plan: ChunkPlan;
}

/**
 * Compresses one chunk.
 *
 * @param symbols - `int16[k * h * w]`, all of the latent, channel-major.
 * @throws {@link CodecError} when a symbol is outside of its alphabet or the layout does not fit.
 */
export function compressChunk(symbols: Int16Array, layout: LatentLayout, chunk: number): Uint8Array {
  const { elements, from, to } = refinementsOf(layout, chunk);
  requireElements(layout.entropyModel, symbols.length);
  const sink = createByteSink();
  const encoder = rangeCoder.createEncoder(sink);
  elements.forEach((element, i) => {
    const table = tableOf(layout, element);
    const symbol = symbols[element] as number;
    symbolIndex(table, symbol, element);
    const interval = intervalOf(table, symbol, from[i] as number, to[i] as number, layout.plan);
    if (interval.frequency < interval.total) encoder.encode(interval.start, interval.frequency, interval.total);
  });
  encoder.finish();
  return sink.toBytes();
}

/**
 * Decompresses one chunk.
 *
 * @param symbols - `int16[k * h * w]`, what the chunks before gave; {@link emptyLatent} for the first. Left as it is.
 * @returns The symbols as far as they are known now, as {@link knownSymbols} says.
 * @throws {@link WireFormatError} (byte offset within the payload) when the payload is not one that encodes such symbols.
 */
export function decompressChunk(
  payload: Uint8Array,
  layout: LatentLayout,
  chunk: number,
  symbols: Int16Array,
): Int16Array {
  const { elements, from, to } = refinementsOf(layout, chunk);
  requireElements(layout.entropyModel, symbols.length);
  const refined = symbols.slice();
  const decoder = rangeCoder.createDecoder(payload);
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i] as number;
    const table = tableOf(layout, element);
    const resolution = to[i] as number;
    const { minSymbol, starts } = table;
    const known = knownIndices(table, symbols[element] as number, from[i] as number, layout.plan);
    let group = groupOf(minSymbol + known.first, resolution);
    if (group !== groupOf(minSymbol + known.end - 1, resolution)) {
      const base = starts[known.first] as number;
      const quantile = decoder.quantile((starts[known.end] as number) - base);
      group = groupOf(minSymbol + indexOfQuantile(table, base + quantile), resolution);
      const [first, end] = groupIndices(table, group, resolution);
      const start = starts[first] as number;
      decoder.consume(start - base, (starts[end] as number) - start);
    }
    refined[element] = group * 2 ** resolution;
  }
  decoder.finish();
  return refined;
}

/** Compresses a latent: the payload of every chunk, in order; see {@link compressChunk}. */
export function compressLatent(symbols: Int16Array, layout: LatentLayout): Uint8Array[] {
  return layout.plan.refinements.map((_, chunk) => compressChunk(symbols, layout, chunk));
}

/**
 * Decompresses the leading chunks of a latent.
 *
 * @param payloads - Payloads of chunks 0, 1, ...; at most as many as the plan has.
 * @returns `int16[k * h * w]`, as {@link knownSymbols} says.
 * @throws {@link WireFormatError} when a payload does not decode.
 */
export function decompressLatent(payloads: readonly Uint8Array[], layout: LatentLayout): Int16Array {
  return payloads.reduce(
    (symbols, payload, chunk) => decompressChunk(payload, layout, chunk, symbols),
    emptyLatent(layout),
  );
}

/** Symbols as the first so many chunks tell them: bits that are not known are 0. */
export function knownSymbols(symbols: Int16Array, plan: ChunkPlan, chunks: number): Int16Array {
  const known = new Int16Array(symbols.length);
  for (const { elements, to } of plan.refinements.slice(0, chunks)) {
    elements.forEach((element, i) => {
      const resolution = to[i] as number;
      known[element] = groupOf(symbols[element] as number, resolution) * 2 ** resolution;
    });
  }
  return known;
}

/** Zeros in the shape of the layout's latent: the symbols of a frame of which nothing was decoded. */
export function emptyLatent({ entropyModel }: LatentLayout): Int16Array {
  return new Int16Array(entropyModel.tables.length);
}

/** Ideal cost of each chunk in bits: the sum of -log2(probability) of what it tells. */
export function chunkEntropyBits(symbols: Int16Array, layout: LatentLayout): Float64Array {
  return Float64Array.from(layout.plan.refinements, ({ elements, from, to }) => {
    let bits = 0;
    elements.forEach((element, i) => {
      const symbol = symbols[element] as number;
      bits += bitsOf(intervalOf(tableOf(layout, element), symbol, from[i] as number, to[i] as number, layout.plan));
    });
    return bits;
  });
}

/** Upper bound of each chunk's payload in bytes, whatever the symbols: every refinement the rarest of its table. */
export function worstCaseChunkBytes(layout: LatentLayout): number[] {
  return layout.plan.refinements.map(({ elements, from, to }) => {
    let bits = 0;
    elements.forEach((element, i) => {
      bits += rarestBits(tableOf(layout, element), from[i] as number, to[i] as number, layout.plan);
    });
    return Math.ceil(bits / 8) + 1;
  });
}

/** Bits of the dearest refinement of a table from one resolution to another. */
function rarestBits(table: FrequencyTable, from: number, to: number, plan: ChunkPlan): number {
  let most = 0;
  for (let symbol = table.minSymbol; symbol <= table.maxSymbol; symbol++) {
    most = Math.max(most, bitsOf(intervalOf(table, symbol, from, to, plan)));
  }
  // 0.003 bits: the range is cut to a multiple of the total of at least 512 units, which costs at most log2(513 / 512).
  return most === 0 ? 0 : most + 0.003;
}

/** The interval of a symbol's group among all that its group at the resolution before may become. */
interface Interval {
  readonly start: number;
  readonly frequency: number;
  readonly total: number;
}

const bitsOf = ({ frequency, total }: Interval): number => Math.log2(total / frequency);

function intervalOf(table: FrequencyTable, symbol: number, from: number, to: number, plan: ChunkPlan): Interval {
  const { starts } = table;
  const known = knownIndices(table, symbol, from, plan);
  const [first, end] = groupIndices(table, groupOf(symbol, to), to);
  const base = starts[known.first] as number;
  const start = starts[first] as number;
  return {
    start: start - base,
    frequency: (starts[end] as number) - start,
    total: (starts[known.end] as number) - base,
  };
}

/** Indices of the alphabet that a symbol is known to lie in, from `first` to before `end`. */
function knownIndices(
  table: FrequencyTable,
  symbol: number,
  resolution: number,
  plan: ChunkPlan,
): { readonly first: number; readonly end: number } {
  if (resolution === plan.resolutions) return { first: 0, end: table.frequencies.length };
  const [first, end] = groupIndices(table, groupOf(symbol, resolution), resolution);
  return { first, end };
}

/** Indices of a group's symbols, as far as the alphabet has them: the first, and that after the last. */
function groupIndices({ minSymbol, frequencies }: FrequencyTable, group: number, resolution: number): [number, number] {
  return [
    Math.max(0, groupFirst(group, resolution) - minSymbol),
    Math.min(frequencies.length, groupLast(group, resolution) + 1 - minSymbol),
  ];
}

function tableOf({ entropyModel }: LatentLayout, element: number): FrequencyTable {
  const table = entropyModel.tables[element];
  if (table === undefined) throw new CodecError(`the entropy model has no latent element ${element}`);
  return table;
}

function refinementsOf({ plan }: LatentLayout, chunk: number): ChunkRefinements {
  const refinements = plan.refinements[chunk];
  if (refinements === undefined) throw new CodecError(`chunk ${chunk} does not exist; the model has ${plan.chunks}`);
  return refinements;
}
