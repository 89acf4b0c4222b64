/**
 * A second decoder of wire version 1, written from docs/wire-format.md alone: it imports nothing of this project, computes
 * CRCs bit by bit and the range coder in BigInt, and is as plain as possible. Slow; for tests only.
 */

/** What section 1 says both ends know beforehand. */
export interface KnownModel {
  readonly modelId: string;
  readonly latentShape: readonly number[];
  readonly chunks: readonly number[];
  /** The bytes of entropy.bin. */
  readonly entropy: Uint8Array;
}

/** `chunks` is m of section 2; `damaged` whether there was anything to report. */
export interface Decoded {
  readonly symbols: number[];
  readonly chunks: number;
  readonly damaged: boolean;
}

interface Table {
  readonly minSymbol: number;
  readonly frequencies: number[];
}

/** Section 2. Throws `Error` where the document says "refuse". */
export function decodeIndependently(frame: Uint8Array, model: KnownModel): Decoded {
  const tables = readEntropyFile(model.entropy);
  const header = frame.slice(0, 12);
  const count = header[3] ?? 0;
  const id = [...header.slice(4, 10)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  if (header.length < 12) throw new Error('refused: short');
  if (header[0] !== 0xae || header[1] !== 0xc2 || header[2] !== 0x10) throw new Error('refused: magic, version or set');
  if (u16(header, 10) !== crc([...header.slice(0, 10)], 16, 0x1021, 0xffff)) throw new Error('refused: CRC');
  if (count < 1 || count > model.chunks.length) throw new Error('refused: number of chunks');
  if (id !== model.modelId) throw new Error('refused: model');

  const positions = (model.latentShape[1] ?? 0) * (model.latentShape[2] ?? 0);
  const symbols: number[] = [];
  let at = 12;
  let channel = 0;
  let whole = 0;
  for (; whole < count; whole++) {
    const channels = model.chunks[whole] ?? 0;
    if (at + 4 > frame.length) break;
    const length = u16(frame, at) % 2048;
    const sent = (u16(frame, at) + u16(frame, at + 2) * 65536 - length) / 2048;
    if (at + 4 + length > frame.length) break;
    const payload = [...frame.slice(at + 4, at + 4 + length)];
    if (crc([...header, whole, length % 256, Math.floor(length / 256), ...payload], 21, 0x102899, 0) !== sent) break;
    const decoded = decodePayload(payload, tables.slice(channel, channel + channels), positions);
    if (decoded === undefined) break;
    symbols.push(...decoded);
    channel += channels;
    at += 4 + length;
  }
  if (whole === 0) throw new Error('refused: no whole chunk');
  while (symbols.length < tables.length * positions) symbols.push(0);
  return { symbols, chunks: whole, damaged: whole < count || at < frame.length };
}

/** Section 4; undefined when the payload does not decode. */
function decodePayload(payload: number[], tables: Table[], positions: number): number[] | undefined {
  const symbols: number[] = [];
  let read = 0;
  const next = (): bigint => BigInt(payload[read++] ?? 0);
  let range = 2n ** 32n - 1n;
  let offset = 0n;
  for (let i = 0; i < 4; i++) offset = 256n * offset + next();
  for (const { minSymbol, frequencies } of tables) {
    for (let i = 0; i < positions; i++) {
      const unit = range / 32768n;
      const quantile = offset / unit;
      if (quantile >= 32768n) return undefined;
      let index = 0;
      let start = 0;
      while (BigInt(start + (frequencies[index] ?? 0)) <= quantile) start += frequencies[index++] ?? 0;
      symbols.push(minSymbol + index);
      offset -= unit * BigInt(start);
      range = unit * BigInt(frequencies[index] ?? 0);
      while (range < 2n ** 24n) {
        offset = 256n * offset + next();
        range *= 256n;
      }
    }
  }
  return read < payload.length || payload.at(-1) === 0 ? undefined : symbols;
}

/** Section 6. */
function readEntropyFile(bytes: Uint8Array): Table[] {
  const tables: Table[] = [];
  let at = 6;
  for (let channel = 0; channel < u16(bytes, 4); channel++) {
    const size = u16(bytes, at + 2);
    const frequencies = Array.from({ length: size }, (_, i) => u16(bytes, at + 4 + 2 * i));
    tables.push({ minSymbol: u16(bytes, at) > 32767 ? u16(bytes, at) - 65536 : u16(bytes, at), frequencies });
    at += 4 + 2 * size;
  }
  return tables;
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
