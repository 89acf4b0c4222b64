/**
 * A range coder: Martin, "Range encoding" (1979), with 32-bit registers and byte-wise renormalisation as in Subbotin's and
 * LZMA's; docs/wire-format.md, section "Range coder", is normative.
 *
 * The twists: carries walk back into bytes already written instead of being delayed, and bytes past the end of a payload
 * read as zero, so the encoder ends with the number of its final interval that has the most trailing zeros and drops them.
 * A payload costs about one byte more than its entropy, against four for a plain flush.
 *
 * All values are whole numbers below 2^33, exact in a JavaScript number. The divisions are of such integers, by less than 2^32:
 * IEEE 754 rounds a quotient correctly, and one that is no whole number is further from the next than that, so its floor is
 * the integer quotient on every machine.
 */

import { WireFormatError } from '../errors.ts';
import type { ByteSink } from './byte-sink.ts';
import type { EntropyCoder, EntropyDecoder, EntropyEncoder } from './entropy-coder.ts';

const initialRange = 0xffffffff;
const minRange = 0x1000000; // 2^24: below it the next byte is settled but for a carry
const wrap = 0x100000000; // 2^32

class RangeEncoder implements EntropyEncoder {
  readonly #sink: ByteSink;
  /** The interval is [low, low + range), in units of the last byte written; low < 2^32, 2^24 <= range < 2^32. */
  #low = 0;
  #range = initialRange;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  encode(start: number, frequency: number, total: number): void {
    const unit = Math.floor(this.#range / total);
    let low = this.#low + unit * start;
    let range = unit * frequency;
    if (low >= wrap) {
      low -= wrap;
      this.#sink.carry();
    }
    while (range < minRange) {
      this.#sink.push(low >>> 24);
      low = (low << 8) >>> 0;
      range = (range << 8) >>> 0;
    }
    this.#low = low;
    this.#range = range;
  }

  finish(): void {
    for (let bytes = 0; bytes <= 4; bytes++) {
      const step = 2 ** (32 - 8 * bytes);
      const value = Math.ceil(this.#low / step) * step;
      if (value >= this.#low + this.#range) continue;
      if (value >= wrap) this.#sink.carry();
      for (let i = 0; i < bytes; i++) this.#sink.push((value >>> (24 - 8 * i)) & 0xff);
      this.#sink.trimZeros();
      return;
    }
  }
}

class RangeDecoder implements EntropyDecoder {
  readonly #payload: Uint8Array;
  #position = 0;
  /** What the payload's number exceeds the interval's low end by; 0 <= offset, and offset < range in a valid payload. */
  #offset = 0;
  #range = initialRange;
  #unit = 0;

  constructor(payload: Uint8Array) {
    this.#payload = payload;
    for (let i = 0; i < 4; i++) this.#offset = this.#offset * 256 + this.#nextByte();
  }

  quantile(total: number): number {
    this.#unit = Math.floor(this.#range / total);
    const quantile = Math.floor(this.#offset / this.#unit);
    if (quantile >= total) throw undecodable(this.#position, `a quantile below ${total}`, `${quantile}`);
    return quantile;
  }

  consume(start: number, frequency: number): void {
    let offset = this.#offset - this.#unit * start;
    let range = this.#unit * frequency;
    while (range < minRange) {
      offset = ((offset << 8) | this.#nextByte()) >>> 0;
      range = (range << 8) >>> 0;
    }
    this.#offset = offset;
    this.#range = range;
  }

  finish(): void {
    const { length } = this.#payload;
    if (this.#position < length) {
      throw undecodable(this.#position, 'the end of the payload', `${length - this.#position} more bytes`);
    }
    if (length > 0 && this.#payload[length - 1] === 0) throw undecodable(length - 1, 'a last byte above 0', '0');
  }

  #nextByte(): number {
    const byte = this.#payload[this.#position++];
    return byte === undefined ? 0 : byte;
  }
}

function undecodable(position: number, expected: string, got: string): WireFormatError {
  return new WireFormatError('the payload is not a range-coded sequence', { byteOffset: position, expected, got });
}

/** The range coder of the wire format. */
export const rangeCoder: EntropyCoder = {
  name: 'range coder',
  createEncoder: (sink) => new RangeEncoder(sink),
  createDecoder: (payload) => new RangeDecoder(payload),
};
