/**
 * A second decoder of wire version 2, written from docs/wire-format.md alone: it imports nothing of this project, computes
 * CRCs bit by bit and the range coder in BigInt, and is as plain as possible. Slow; for tests only.
 */

/** What section 1 says both ends know beforehand. */
export interface KnownModel {
  readonly modelId: string;
  readonly latentShape: readonly number[];
  /** The bytes of entropy.bin. */
  readonly entropy: Uint8Array;
}

/** `chunks` is m of section 2; `damaged` whether there was anything to report. */
export interface Decoded {
  readonly symbols: number[];
  readonly chunks: number;
  readonly damaged: boolean;
}

/** Section 6. */
interface EntropyFile {
  readonly chunks: number;
  readonly elements: Element[];
}

interface Element {
  readonly minSymbol: number;
  readonly frequencies: number[];
  /** Chunk of each resolution, resolution 0 first; 255: none. */
  readonly arrivals: number[];
}

/** What is known of a symbol: the smallest and the largest that it can be. */
interface Known {
  readonly from: number;
  readonly to: number;
  /** The bits that are known. */
  readonly symbol: number;
}

/** Section 2. Throws `Error` where the document says "refuse". */
export function decodeIndependently(frame: Uint8Array, model: KnownModel): Decoded {
  const { chunks, elements } = readEntropyFile(model.entropy);
  const header = frame.slice(0, 12);
  const count = header[3] ?? 0;
  const id = [...header.slice(4, 10)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  if (header.length < 12) throw new Error('refused: short');
  if (header[0] !== 0xae || header[1] !== 0xc2 || header[2] !== 0x20) throw new Error('refused: magic, version or set');
  if (u16(header, 10) !== crc([...header.slice(0, 10)], 16, 0x1021, 0xffff)) throw new Error('refused: CRC');
  if (count < 1 || count > chunks) throw new Error('refused: number of chunks');
  if (id !== model.modelId) throw new Error('refused: model');

  let known = elements.map(({ minSymbol, frequencies }): Known => {
    return { from: minSymbol, to: minSymbol + frequencies.length - 1, symbol: 0 };
  });
  let at = 12;
  let whole = 0;
  for (; whole < count; whole++) {
    if (at + 4 > frame.length) break;
    const length = u16(frame, at) % 2048;
    const sent = (u16(frame, at) + u16(frame, at + 2) * 65536 - length) / 2048;
    if (at + 4 + length > frame.length) break;
    const payload = [...frame.slice(at + 4, at + 4 + length)];
    if (crc([...header, whole, length % 256, Math.floor(length / 256), ...payload], 21, 0x102899, 0) !== sent) break;
    const decoded = decodePayload(payload, elements, known, whole);
    if (decoded === undefined) break;
    known = decoded;
    at += 4 + length;
  }
  if (whole === 0) throw new Error('refused: no whole chunk');
  return { symbols: known.map(({ symbol }) => symbol), chunks: whole, damaged: whole < count || at < frame.length };
}

/** Section 4; undefined when the payload does not decode. */
function decodePayload(payload: number[], elements: Element[], before: Known[], chunk: number): Known[] | undefined {
  let read = 0;
  const next = (): bigint => BigInt(payload[read++] ?? 0);
  let range = 2n ** 32n - 1n;
  let offset = 0n;
  for (let i = 0; i < 4; i++) offset = 256n * offset + next();
  const after: Known[] = [];
  for (const [e, { minSymbol, frequencies, arrivals }] of elements.entries()) {
    const { from: first, to: last, symbol: unchanged } = before[e] ?? { from: 0, to: 0, symbol: 0 };
    const resolution = arrivals.indexOf(chunk);
    if (resolution < 0) {
      after.push({ from: first, to: last, symbol: unchanged });
      continue;
    }
    // The groups of the new resolution that the symbol can be in, with the sums of their frequencies.
    const groups: { from: number; to: number; known: number; frequency: number }[] = [];
    for (let symbol = first; symbol <= last; symbol++) {
      const size = Math.floor(Math.abs(symbol) / 2 ** resolution) * 2 ** resolution;
      const known = symbol < 0 && size > 0 ? -size : size;
      const frequency = frequencies[symbol - minSymbol] ?? 0;
      const latest = groups.at(-1);
      if (latest?.known === known) {
        latest.frequency += frequency;
        latest.to = symbol;
      } else groups.push({ from: symbol, to: symbol, known, frequency });
    }
    let index = 0;
    if (groups.length > 1) {
      const total = groups.reduce((sum, { frequency }) => sum + frequency, 0);
      const unit = range / BigInt(total);
      const quantile = offset / unit;
      if (quantile >= BigInt(total)) return undefined;
      let start = 0;
      while (BigInt(start + (groups[index]?.frequency ?? 0)) <= quantile) start += groups[index++]?.frequency ?? 0;
      offset -= unit * BigInt(start);
      range = unit * BigInt(groups[index]?.frequency ?? 0);
      while (range < 2n ** 24n) {
        offset = 256n * offset + next();
        range *= 256n;
      }
    }
    const { from, to, known: symbol } = groups[index] ?? { from: 0, to: 0, known: 0 };
    after.push({ from, to, symbol });
  }
  return read < payload.length || payload.at(-1) === 0 ? undefined : after;
}

/** Section 6. */
function readEntropyFile(bytes: Uint8Array): EntropyFile {
  const count = u16(bytes, 4);
  const tables: { minSymbol: number; frequencies: number[] }[] = [];
  let at = 10;
  for (let table = 0; table < u16(bytes, 6); table++) {
    const size = u16(bytes, at + 2);
    const frequencies = Array.from({ length: size }, (_, i) => u16(bytes, at + 4 + 2 * i));
    tables.push({ minSymbol: u16(bytes, at) > 32767 ? u16(bytes, at) - 65536 : u16(bytes, at), frequencies });
    at += 4 + 2 * size;
  }
  const elements = Array.from({ length: count }, (_, e): Element => {
    const { minSymbol, frequencies } = tables[u16(bytes, at + 2 * e)] ?? { minSymbol: 0, frequencies: [] };
    const arrivals = Array.from({ length: bytes[8] ?? 0 }, (_, r) => bytes[at + 2 * count + r * count + e] ?? 255);
    return { minSymbol, frequencies, arrivals };
  });
  return { chunks: bytes[9] ?? 0, elements };
}

/** Section 2, "CRC parameters". */
function crc(bytes: number[], width: number, polynomial: number, initial: number): number {
  let register = initial;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const top = Math.floor(register / 2 ** (width - 1)) ^ ((byte >> bit) & 1);
      register = (register * 2) % 2 ** width;
      if (top === 1) register ^= polynomial;
    }
  }
  return register;
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
}
