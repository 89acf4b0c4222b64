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
import { type EntropyModel, requireElements, requireInAlphabet } from './entropy-model.ts';
import { flatTables } from './flat-tables.ts';
import type { FrequencyTable } from './frequency-table.ts';
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
  const { minSymbols, maxSymbols, places, starts } = flatTables(layout.entropyModel);
  const sink = createByteSink();
  const encoder = rangeCoder.createEncoder(sink);
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i] as number;
    const symbol = symbols[element] as number;
    const [minSymbol, maxSymbol] = [minSymbols[element] as number, maxSymbols[element] as number];
    requireInAlphabet(symbol, minSymbol, maxSymbol, element);
    // Where the starts of the symbols 0, 1, ... of the table would stand.
    const zero = (places[element] as number) - minSymbol;
    const [resolution, known] = [to[i] as number, from[i] as number];
    const knownFirst = firstAlike(symbol, known, minSymbol);
    const knownEnd = lastAlike(symbol, known, maxSymbol) + 1;
    const first = firstAlike(symbol, resolution, minSymbol);
    const end = lastAlike(symbol, resolution, maxSymbol) + 1;
    if (first === knownFirst && end === knownEnd) continue;
    const base = starts[zero + knownFirst] as number;
    const start = starts[zero + first] as number;
    const frequency = (starts[zero + end] as number) - start;
    encoder.encode(start - base, frequency, (starts[zero + knownEnd] as number) - base);
  }
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
  const { minSymbols, maxSymbols, places, starts } = flatTables(layout.entropyModel);
  const refined = symbols.slice();
  const decoder = rangeCoder.createDecoder(payload);
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i] as number;
    const minSymbol = minSymbols[element] as number;
    const maxSymbol = maxSymbols[element] as number;
    const resolution = to[i] as number;
    const known = from[i] as number;
    const symbol = symbols[element] as number;
    // Where the starts of the symbols 0, 1, ... of the table would stand, as in compressChunk.
    const zero = (places[element] as number) - minSymbol;
    const knownGroup = groupOf(symbol, known);
    const knownFirst = Math.max(minSymbol, groupFirst(knownGroup, known));
    const knownEnd = Math.min(maxSymbol, groupLast(knownGroup, known)) + 1;
    // The group is one of those from `group` to before `groupAfter`: bisected until it is one alone.
    let group = groupOf(knownFirst, resolution);
    let groupAfter = groupOf(knownEnd - 1, resolution) + 1;
    if (groupAfter - group > 1) {
      const base = starts[zero + knownFirst] as number;
      let start = base;
      let end = starts[zero + knownEnd] as number;
      const quantile = base + decoder.quantile(end - base);
      while (groupAfter - group > 1) {
        const middle = (group + groupAfter) >> 1;
        const middleStart = starts[zero + groupFirst(middle, resolution)] as number;
        if (middleStart <= quantile) {
          group = middle;
          start = middleStart;
        } else {
          groupAfter = middle;
          end = middleStart;
        }
      }
      decoder.consume(start - base, end - start);
    }
    refined[element] = group * (1 << resolution);
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
      bits += refinementBits(tableOf(layout, element), symbol, from[i] as number, to[i] as number);
    });
    return bits;
  });
}

/** Upper bound of each chunk's payload in bytes, whatever the symbols: every refinement the rarest of its table. */
export function worstCaseChunkBytes(layout: LatentLayout): number[] {
  return layout.plan.refinements.map(({ elements, from, to }) => {
    let bits = 0;
    elements.forEach((element, i) => {
      bits += rarestBits(tableOf(layout, element), from[i] as number, to[i] as number);
    });
    return Math.ceil(bits / 8) + 1;
  });
}

/** Bits of the dearest refinement of a table from one resolution to another. */
function rarestBits(table: FrequencyTable, from: number, to: number): number {
  let most = 0;
  for (let symbol = table.minSymbol; symbol <= table.maxSymbol; symbol++) {
    most = Math.max(most, refinementBits(table, symbol, from, to));
  }
  // 0.003 bits: the range is cut to a multiple of the total of at least 512 units, which costs at most log2(513 / 512).
  return most === 0 ? 0 : most + 0.003;
}

/** Ideal cost in bits of bringing a symbol from one resolution to another: -log2 of its new group's share of the old one. */
function refinementBits(
  { minSymbol, maxSymbol, starts }: FrequencyTable,
  symbol: number,
  from: number,
  to: number,
): number {
  const frequencyAt = (resolution: number): number => {
    const first = firstAlike(symbol, resolution, minSymbol) - minSymbol;
    const end = lastAlike(symbol, resolution, maxSymbol) + 1 - minSymbol;
    return (starts[end] as number) - (starts[first] as number);
  };
  return Math.log2(frequencyAt(from) / frequencyAt(to));
}

/** The smallest symbol of the alphabet that a resolution does not tell from this one. */
function firstAlike(symbol: number, resolution: number, minSymbol: number): number {
  return Math.max(minSymbol, groupFirst(groupOf(symbol, resolution), resolution));
}

/** The largest one. */
function lastAlike(symbol: number, resolution: number, maxSymbol: number): number {
  return Math.min(maxSymbol, groupLast(groupOf(symbol, resolution), resolution));
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
