/**
 * The probability model of one latent channel: integer frequencies of a contiguous alphabet, as Witten, Neal and Cleary,
 * "Arithmetic coding for data compression" (CACM 1987) keep it. Probability = frequency / 2^15.
 *
 * The twist: the total is 2^15 and not 2^16, so that the only symbol of an alphabet of one still fits 16 bits.
 */

import { CodecError } from '../errors.ts';

/** Bits of precision of every frequency table; part of the wire format. */
const precisionBits = 15;

/** Sum of the frequencies of every table: 2^15. */
export const frequencyTotal = 1 << precisionBits;

/** Frequencies of the symbols `minSymbol .. maxSymbol` of one channel. Made by {@link createFrequencyTable} only. */
export interface FrequencyTable {
  readonly minSymbol: number;
  readonly maxSymbol: number;
  /** Frequency of `minSymbol + i`; each at least 1, sum 2^15. */
  readonly frequencies: Uint16Array;
  /** Sum of the frequencies before `i`; one entry more than `frequencies`, the last is 2^15. */
  readonly starts: Uint16Array;
}

/**
 * Makes a table and checks that it is one.
 *
 * @param minSymbol - Symbol of the first frequency, an int16.
 * @throws {@link CodecError} when a frequency is 0, the sum is not 2^15, or a symbol is no int16.
 */
export function createFrequencyTable(minSymbol: number, frequencies: Uint16Array): FrequencyTable {
  const maxSymbol = minSymbol + frequencies.length - 1;
  if (!Number.isInteger(minSymbol) || minSymbol < -32_768 || maxSymbol > 32_767) {
    throw new CodecError(`the alphabet ${minSymbol}..${maxSymbol} does not fit 16-bit symbols`);
  }
  const starts = new Uint16Array(frequencies.length + 1);
  let sum = 0;
  for (const [index, frequency] of frequencies.entries()) {
    if (frequency === 0) throw new CodecError(`symbol ${minSymbol + index} has frequency 0, expected at least 1`);
    sum += frequency;
    starts[index + 1] = sum;
  }
  if (sum !== frequencyTotal) throw new CodecError(`frequencies sum to ${sum}, expected ${frequencyTotal}`);
  return { minSymbol, maxSymbol, frequencies, starts };
}
