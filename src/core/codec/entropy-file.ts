/**
 * `entropy.bin`: the entropy model of a split model as bytes. docs/wire-format.md, section "entropy.bin", is normative.
 * Memory while parsing is bounded by the length of the file, since every table's size is checked against it first.
 */

import { CodecError, WireFormatError } from '../errors.ts';
import type { EntropyModel } from './entropy-model.ts';
import { createFrequencyTable, type FrequencyTable } from './frequency-table.ts';

const magic = 0xc3ae; // AE C3, little endian
const version = 1;
const headerBytes = 6;
const tableHeaderBytes = 4;

/** Serializes an entropy model; {@link parseEntropyModel} gives it back. */
export function serializeEntropyModel(model: EntropyModel): Uint8Array {
  const { channels } = model;
  if (channels.length < 1 || channels.length > 0xffff) {
    throw new CodecError(`an entropy model has 1 to 65535 channels, got ${channels.length}`);
  }
  const size = channels.reduce((sum, table) => sum + tableHeaderBytes + 2 * table.frequencies.length, headerBytes);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, magic, true);
  view.setUint8(2, version);
  view.setUint8(3, 1);
  view.setUint16(4, channels.length, true);
  let offset = headerBytes;
  for (const table of channels) {
    view.setInt16(offset, table.minSymbol, true);
    view.setUint16(offset + 2, table.frequencies.length, true);
    offset += tableHeaderBytes;
    for (const frequency of table.frequencies) {
      view.setUint16(offset, frequency, true);
      offset += 2;
    }
  }
  return bytes;
}

/**
 * Parses `entropy.bin`.
 *
 * @throws {@link WireFormatError} on any bytes that {@link serializeEntropyModel} does not write.
 */
export function parseEntropyModel(bytes: Uint8Array): EntropyModel {
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
  const count = view.getUint16(4, true);
  if (count === 0) throw invalid(4, 'at least one channel', '0');
  const channels: FrequencyTable[] = [];
  let offset = headerBytes;
  for (let channel = 0; channel < count; channel++) {
    need(offset, tableHeaderBytes, `table of channel ${channel}`);
    const size = view.getUint16(offset + 2, true);
    need(offset + tableHeaderBytes, 2 * size, `frequencies of channel ${channel}`);
    const start = offset + tableHeaderBytes;
    const frequencies = Uint16Array.from({ length: size }, (_, i) => view.getUint16(start + 2 * i, true));
    channels.push(parseTable(view.getInt16(offset, true), frequencies, offset));
    offset = start + 2 * size;
  }
  expect(offset, 'length of the file', offset, bytes.length);
  return { channels };
}

function parseTable(minSymbol: number, frequencies: Uint16Array, byteOffset: number): FrequencyTable {
  try {
    return createFrequencyTable(minSymbol, frequencies);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw invalid(byteOffset, 'a frequency table', error.message);
  }
}

function invalid(byteOffset: number, expected: string, got: string): WireFormatError {
  return new WireFormatError('entropy.bin is damaged', { byteOffset, expected, got });
}
