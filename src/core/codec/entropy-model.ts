/** The probability model of a whole latent: one static frequency table per latent channel, shared by device and edge. */

import { CodecError } from '../errors.ts';
import { type FrequencyTable, frequencyTotal } from './frequency-table.ts';

/** Frequency tables of all latent channels, channel 0 (the most important) first. */
export interface EntropyModel {
  readonly channels: readonly FrequencyTable[];
}

/**
 * Number of symbols of each channel in an array of symbols.
 *
 * @throws {@link CodecError} when the length is not a positive multiple of the model's channels.
 */
export function positionsPerChannel(model: EntropyModel, length: number): number {
  const positions = length / model.channels.length;
  if (!Number.isInteger(positions) || positions < 1) {
    throw new CodecError(
      `${length} latent values do not divide into the ${model.channels.length} channels of the entropy model`,
    );
  }
  return positions;
}

/**
 * Ideal cost of each channel in bits: the sum of -log2(probability) of its symbols under the model.
 *
 * @param symbols - `int16[k * h * w]`, channel-major.
 * @throws {@link CodecError} when a symbol is outside of its channel's alphabet.
 */
export function channelEntropyBits(model: EntropyModel, symbols: Int16Array): Float64Array {
  const positions = positionsPerChannel(model, symbols.length);
  return Float64Array.from(model.channels, (table, channel) => {
    let bits = 0;
    for (let i = channel * positions; i < (channel + 1) * positions; i++) {
      const frequency = table.frequencies[symbolIndex(table, symbols[i] as number, channel)] as number;
      bits += Math.log2(frequencyTotal / frequency);
    }
    return bits;
  });
}

/** Ideal cost of a whole latent in bits; see {@link channelEntropyBits}. */
export function entropyBits(model: EntropyModel, symbols: Int16Array): number {
  return channelEntropyBits(model, symbols).reduce((sum, bits) => sum + bits, 0);
}

/**
 * Place of a symbol in its channel's alphabet.
 *
 * @throws {@link CodecError} when the alphabet has no such symbol.
 */
export function symbolIndex(table: FrequencyTable, symbol: number, channel: number): number {
  if (symbol < table.minSymbol || symbol > table.maxSymbol) {
    throw new CodecError(
      `symbol ${symbol} of latent channel ${channel} is outside of its alphabet ${table.minSymbol}..${table.maxSymbol}; quantize with the entropy model that encodes`,
    );
  }
  return symbol - table.minSymbol;
}
