/**
 * `entropy.bin`: what device and edge code symbols with, as bytes: frequency tables, which element has which, and the plan of
 * the chunks. docs/wire-format.md, section "entropy.bin", is normative.
 *
 * Memory while parsing is bounded by the length of the file, since all sizes are checked against it first.
 */

import { CodecError, WireFormatError } from '../errors.ts';
import { type ChunkPlan, createChunkPlan } from './chunk-plan.ts';
import type { EntropyModel } from './entropy-model.ts';
import { createFrequencyTable, type FrequencyTable } from './frequency-table.ts';
import type { LatentLayout } from './latent-codec.ts';

const magic = 0xc3ae; // AE C3, little endian
const version = 2;
const headerBytes = 10;
const tableHeaderBytes = 4;

/** What `entropy.bin` holds. */
export type LatentCoding = Pick<LatentLayout, 'entropyModel' | 'plan'>;

/** Serializes tables and plan; {@link parseLatentCoding} gives them back. Elements that share a table still share it. */
export function serializeLatentCoding({ entropyModel, plan }: LatentCoding): Uint8Array {
  const elements = entropyModel.tables.length;
  if (elements < 1 || elements > 0xffff || plan.arrivals.length !== elements * plan.resolutions) {
    throw new CodecError(`a plan of ${plan.arrivals.length} arrivals does not fit ${elements} latent elements`);
  }
  const tables = [...new Set(entropyModel.tables)];
  const indices = new Map(tables.map((table, index) => [table, index]));
  const tableBytes = tables.reduce((sum, table) => sum + tableHeaderBytes + 2 * table.frequencies.length, 0);
  const bytes = new Uint8Array(headerBytes + tableBytes + 2 * elements + plan.arrivals.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, magic, true);
  view.setUint8(2, version);
  view.setUint8(3, 1);
  view.setUint16(4, elements, true);
  view.setUint16(6, tables.length, true);
  view.setUint8(8, plan.resolutions);
  view.setUint8(9, plan.chunks);
  let offset = headerBytes;
  const writeUint16 = (value: number): void => {
    view.setUint16(offset, value, true);
    offset += 2;
  };
  for (const { minSymbol, frequencies } of tables) {
    writeUint16(minSymbol);
    writeUint16(frequencies.length);
    frequencies.forEach(writeUint16);
  }
  for (const table of entropyModel.tables) writeUint16(indices.get(table) as number);
  bytes.set(plan.arrivals, offset);
  return bytes;
}

/**
 * Parses `entropy.bin`.
 *
 * @throws {@link WireFormatError} on any bytes that do not hold tables and a plan.
 */
export function parseLatentCoding(bytes: Uint8Array): LatentCoding {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const need = (byteOffset: number, length: number, what: string): void => {
    if (byteOffset + length > bytes.length) {
      throw invalid(byteOffset, `${length} bytes of ${what}`, `${Math.max(0, bytes.length - byteOffset)} bytes`);
    }
  };
  const expect = (byteOffset: number, what: string, expected: number, got: number): void => {
    if (got !== expected) throw invalid(byteOffset, `${what} ${expected}`, `${got}`);
  };
  need(0, headerBytes, 'header');
  expect(0, 'magic number', magic, view.getUint16(0, true));
  expect(2, 'version', version, view.getUint8(2));
  expect(3, 'number of parameter sets', 1, view.getUint8(3));
  const elements = view.getUint16(4, true);
  const count = view.getUint16(6, true);
  const resolutions = view.getUint8(8);
  if (elements === 0) throw invalid(4, 'at least one latent element', '0');

  const tables: FrequencyTable[] = [];
  let offset = headerBytes;
  for (let index = 0; index < count; index++) {
    need(offset, tableHeaderBytes, `table ${index}`);
    const size = view.getUint16(offset + 2, true);
    need(offset + tableHeaderBytes, 2 * size, `frequencies of table ${index}`);
    const start = offset + tableHeaderBytes;
    const frequencies = Uint16Array.from({ length: size }, (_, i) => view.getUint16(start + 2 * i, true));
    const minSymbol = view.getInt16(offset, true);
    tables.push(checked(offset, 'a frequency table', () => createFrequencyTable(minSymbol, frequencies)));
    offset = start + 2 * size;
  }

  need(offset, 2 * elements, 'table indices');
  const entropyModel: EntropyModel = {
    tables: Array.from({ length: elements }, (_, element) => {
      const at = offset + 2 * element;
      const index = view.getUint16(at, true);
      const table = tables[index];
      if (table === undefined) throw invalid(at, `one of ${count} tables`, `table ${index}`);
      return table;
    }),
  };
  offset += 2 * elements;

  need(offset, resolutions * elements, 'the plan');
  const arrivals = bytes.slice(offset, offset + resolutions * elements);
  const plan: ChunkPlan = checked(offset, 'a plan of chunks', () => createChunkPlan(elements, arrivals));
  expect(9, 'number of chunks', plan.chunks, view.getUint8(9));
  expect(offset + arrivals.length, 'length of the file', offset + arrivals.length, bytes.length);
  return { entropyModel, plan };
}

/** Turns what is wrong with a part of the file into what is wrong with the file. */
function checked<T>(byteOffset: number, expected: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw invalid(byteOffset, expected, error.message);
  }
}

function invalid(byteOffset: number, expected: string, got: string): WireFormatError {
  return new WireFormatError('entropy.bin is damaged', { byteOffset, expected, got });
}
