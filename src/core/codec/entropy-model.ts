/** The probability model of a whole latent: one static frequency table per latent element, shared by device and edge. */

import { CodecError } from '../errors.ts';
import { type FrequencyTable, frequencyTotal } from './frequency-table.ts';

/** Frequency tables of all elements of a latent `[k, h, w]`, in the order of the symbols: channel-major. */
export interface EntropyModel {
  /** Length k * h * w; elements may share a table. */
  readonly tables: readonly FrequencyTable[];
}

/**
 * Ideal cost of each element in bits: -log2(probability) of its symbol under the model.
 *
 * @param symbols - `int16[k * h * w]`.
 * @throws {@link CodecError} when a symbol is outside of its element's alphabet, or there are more or fewer than tables.
 */
export function elementEntropyBits(model: EntropyModel, symbols: Int16Array): Float64Array {
  requireElements(model, symbols.length);
  return Float64Array.from(model.tables, (table, element) => {
    const frequency = table.frequencies[symbolIndex(table, symbols[element] as number, element)] as number;
    return Math.log2(frequencyTotal / frequency);
  });
}

/** Ideal cost of a whole latent in bits; see {@link elementEntropyBits}. */
export function entropyBits(model: EntropyModel, symbols: Int16Array): number {
  return elementEntropyBits(model, symbols).reduce((sum, bits) => sum + bits, 0);
}

/** @throws {@link CodecError} when a latent of so many elements is not one of the model's. */
export function requireElements(model: EntropyModel, elements: number): void {
  if (elements !== model.tables.length) {
    throw new CodecError(
      `a latent of ${elements} elements does not fit the ${model.tables.length} of the entropy model`,
    );
  }
}

/**
 * Place of a symbol in its element's alphabet.
 *
 * @throws {@link CodecError} when the alphabet has no such symbol.
 */
function symbolIndex({ minSymbol, maxSymbol }: FrequencyTable, symbol: number, element: number): number {
  requireInAlphabet(symbol, minSymbol, maxSymbol, element);
  return symbol - minSymbol;
}

/** @throws {@link CodecError} when the alphabet `minSymbol .. maxSymbol` of a latent element has no such symbol. */
export function requireInAlphabet(symbol: number, minSymbol: number, maxSymbol: number, element: number): void {
  if (symbol < minSymbol || symbol > maxSymbol) {
    throw new CodecError(
      `symbol ${symbol} of latent element ${element} is outside of its alphabet ${minSymbol}..${maxSymbol}; quantize with the entropy model that encodes`,
    );
  }
}
