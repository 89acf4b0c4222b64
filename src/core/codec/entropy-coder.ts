/**
 * What an entropy coder is: intervals in, bytes out, and back. It knows no symbol and no table; those are the model's.
 * Whatever implements this passes test/contracts/entropy-coder.ts.
 */

import type { ByteSink } from './byte-sink.ts';

/** Turns a sequence of intervals of [0, total) into bytes; `total`, 1 to 2^15, may be another one each time. */
export interface EntropyEncoder {
  /** Appends the interval [start, start + frequency); `frequency` is at least 1 and the interval inside [0, total). */
  encode(start: number, frequency: number, total: number): void;
  /** Writes what is left to the sink. The encoder must not be used afterwards. */
  finish(): void;
}

/** Gives the intervals back in the order in which they were encoded. For each: `quantile`, then `consume`. */
export interface EntropyDecoder {
  /**
   * A number inside the next interval of [0, total); looking it up in the model tells which interval that is.
   *
   * @throws {@link WireFormatError} when no interval of [0, total) leads here.
   */
  quantile(total: number): number;
  /** Removes the interval [start, start + frequency) that contains {@link quantile}. */
  consume(start: number, frequency: number): void;
  /**
   * Checks that the payload ends where the last interval ends.
   *
   * @throws {@link WireFormatError} when bytes are left, or the payload is not spelled as the encoder spells it.
   */
  finish(): void;
}

/** A way of entropy coding. Encoder and decoder are exact inverses and use integers only. */
export interface EntropyCoder {
  readonly name: string;
  createEncoder(sink: ByteSink): EntropyEncoder;
  createDecoder(payload: Uint8Array): EntropyDecoder;
}
