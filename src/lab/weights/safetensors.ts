/**
 * The safetensors format: `u64` header length, a JSON header, the tensors' bytes without gaps; all little-endian.
 *
 * The parser is strict and bounded: every offset, size and name is checked before a tensor is copied out, and bad bytes
 * give a `ModelError` and nothing else. The writer is deterministic: same tensors, same bytes.
 *
 * @see https://huggingface.co/docs/safetensors (format description)
 */

import { z } from 'zod';
import { ModelError } from '../../core/errors.ts';
import {
  bytesPerElement,
  type DType,
  elementCount,
  type Tensor,
  type TensorMap,
  tensor,
} from '../../core/tensor/index.ts';

const typeNames: { readonly [D in DType]: string } = {
  float32: 'F32',
  float16: 'F16',
  int32: 'I32',
  int64: 'I64',
  uint8: 'U8',
  bool: 'BOOL',
};
const dtypeOf = new Map(Object.entries(typeNames).map(([dtype, name]) => [name, dtype as DType]));

/** The reference implementation refuses headers beyond 100 MB; ours are a few kilobytes. */
const maxHeaderBytes = 16 * 2 ** 20;
const maxRank = 16;

const size = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(size).max(maxRank),
  data_offsets: z.tuple([size, size]),
});
type Entry = z.infer<typeof entrySchema>;

/** What a safetensors file holds. */
export interface Safetensors {
  readonly tensors: TensorMap;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Writes tensors, sorted by element size (largest first, so that all are aligned) and then by name.
 *
 * @throws RangeError when a tensor is called `__metadata__`, which the format keeps for itself.
 */
export function writeSafetensors(tensors: TensorMap, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const sorted = Object.entries(tensors).sort(
    ([aName, a], [bName, b]) => bytesPerElement[b.dtype] - bytesPerElement[a.dtype] || (aName < bName ? -1 : 1),
  );
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push(['__metadata__', metadata]);
  let dataBytes = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    if (name === '__metadata__') throw new RangeError('tensors: a tensor cannot be called "__metadata__"');
    const end = dataBytes + data.byteLength;
    header.push([name, { dtype: typeNames[dtype], shape, data_offsets: [dataBytes, end] }]);
    dataBytes = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + dataBytes).fill(0x20, 8 + json.length, 8 + headerBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(json, 8);
  let offset = 8 + headerBytes;
  for (const [, { data }] of sorted) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/**
 * Parses a safetensors file. Tensors are copies, independent of `bytes`.
 *
 * @throws {@link ModelError} when the bytes are not a whole, gapless file of the dtypes that this project has.
 */
export function parseSafetensors(bytes: Uint8Array): Safetensors {
  const { header, dataStart } = parseHeader(bytes);
  const { __metadata__: rawMetadata = {}, ...rest } = header;
  if (!isStringMap(rawMetadata)) throw invalid('its __metadata__ is not a map of strings');

  const entries = Object.entries(rest).map(([name, raw]): [string, Entry] => {
    const entry = entrySchema.safeParse(raw);
    if (!entry.success) throw invalid(`tensor "${name}" lacks a proper dtype, shape and data_offsets`);
    return [name, entry.data];
  });
  entries.sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]);

  const dataBytes = bytes.length - dataStart;
  let end = 0;
  for (const [name, { data_offsets: offsets }] of entries) {
    if (offsets[0] !== end || offsets[1] < offsets[0])
      throw invalid(`tensor "${name}" leaves a gap or overlaps another`);
    end = offsets[1];
  }
  if (end !== dataBytes) throw invalid(`the tensors take ${end} bytes, the file has ${dataBytes}`);
  const tensors = entries.map(([name, entry]): [string, Tensor] => [name, readTensor(name, entry, bytes, dataStart)]);
  return { tensors: Object.fromEntries(tensors), metadata: rawMetadata };
}

/** By hand: zod's record leaves out a key called `__proto__`, which `JSON.parse` keeps as any other. */
function isStringMap(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === 'string')
  );
}

function parseHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8) throw invalid(`it has ${bytes.length} bytes, fewer than the 8 of the header length`);
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (headerBytes > BigInt(Math.min(maxHeaderBytes, bytes.length - 8))) {
    throw invalid(`its header length ${headerBytes} is more than the file or the limit of ${maxHeaderBytes} holds`);
  }
  const dataStart = 8 + Number(headerBytes);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, dataStart)));
  } catch (error) {
    throw invalid('its header is no JSON', error);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw invalid('its header is no object');
  return { header: { ...header }, dataStart };
}

function readTensor(name: string, entry: Entry, bytes: Uint8Array, dataStart: number): Tensor {
  const dtype = dtypeOf.get(entry.dtype);
  if (dtype === undefined) {
    throw invalid(`tensor "${name}" is ${entry.dtype}; known are ${[...dtypeOf.keys()].join(', ')}`);
  }
  const [start, end] = entry.data_offsets;
  if (elementCount(entry.shape) * bytesPerElement[dtype] !== end - start) {
    throw invalid(`tensor "${name}" of shape [${entry.shape.join(', ')}] does not take ${end - start} bytes`);
  }
  // Not `slice`: a Node Buffer's shares its memory.
  const copy = new Uint8Array(bytes.subarray(dataStart + start, dataStart + end));
  return viewers[dtype](entry.shape, copy);
}

const viewers: { readonly [D in DType]: (shape: readonly number[], bytes: Uint8Array) => Tensor } = {
  float32: (shape, { buffer }) => tensor('float32', shape, new Float32Array(buffer)),
  float16: (shape, { buffer }) => tensor('float16', shape, new Uint16Array(buffer)),
  int32: (shape, { buffer }) => tensor('int32', shape, new Int32Array(buffer)),
  int64: (shape, { buffer }) => tensor('int64', shape, new BigInt64Array(buffer)),
  uint8: (shape, bytes) => tensor('uint8', shape, bytes),
  bool: (shape, bytes) => tensor('bool', shape, bytes),
};

function invalid(what: string, cause?: unknown): ModelError {
  return new ModelError(`not a valid safetensors file: ${what}`, cause === undefined ? undefined : { cause });
}
