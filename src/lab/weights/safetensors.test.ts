import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ModelError } from '../../core/errors.ts';
import { type DType, type Tensor, type TensorMap, tensor } from '../../core/tensor/index.ts';
import { parseSafetensors, writeSafetensors } from './index.ts';

/** A file of any JSON header and data: what a careless or hostile writer might make. */
function file(header: unknown, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

test('the bytes are those of the format description', () => {
  const bytes = writeSafetensors(
    { b: tensor('uint8', [3], Uint8Array.of(1, 2, 3)), a: tensor('float32', [1], Float32Array.of(1)) },
    { recipe: '{}' },
  );
  const header =
    '{"__metadata__":{"recipe":"{}"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]}}';
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8, ' ');
  expect([...bytes.subarray(0, 8)]).toEqual([padded.length, 0, 0, 0, 0, 0, 0, 0]);
  expect(new TextDecoder().decode(bytes.subarray(8, 8 + padded.length))).toBe(padded);
  expect([...bytes.subarray(8 + padded.length)]).toEqual([0, 0, 128, 63, 1, 2, 3]);
});

const filled: { readonly [D in DType]: (shape: number[], bytes: Uint8Array<ArrayBuffer>) => Tensor } = {
  float32: (shape, { buffer }) => tensor('float32', shape, new Float32Array(buffer)),
  float16: (shape, { buffer }) => tensor('float16', shape, new Uint16Array(buffer)),
  int32: (shape, { buffer }) => tensor('int32', shape, new Int32Array(buffer)),
  int64: (shape, { buffer }) => tensor('int64', shape, new BigInt64Array(buffer)),
  uint8: (shape, bytes) => tensor('uint8', shape, bytes),
  bool: (shape, bytes) =>
    tensor(
      'bool',
      shape,
      bytes.map((byte) => byte & 1),
    ),
};
const sizes: { readonly [D in DType]: number } = { float32: 4, float16: 2, int32: 4, int64: 8, uint8: 1, bool: 1 };

const anyTensor = fc
  .tuple(fc.constantFrom(...(Object.keys(filled) as DType[])), fc.array(fc.nat(4), { maxLength: 3 }), fc.integer())
  .map(([dtype, shape, seed]): Tensor => {
    const count = shape.reduce((product, size) => product * size, 1);
    const bytes = Uint8Array.from({ length: count * sizes[dtype] }, (_, i) => (seed + i * 37) & 255);
    return filled[dtype](shape, bytes);
  });
const anyMap = fc
  .uniqueArray(
    fc.tuple(
      fc.string().filter((name) => name !== '__metadata__'),
      anyTensor,
    ),
    { selector: ([name]) => name },
  )
  .map((entries): TensorMap => Object.fromEntries(entries));

test('what is written comes back, whatever the names, shapes and dtypes', () => {
  fc.assert(
    fc.property(anyMap, fc.dictionary(fc.string(), fc.string()), (tensors, metadata) => {
      const bytes = writeSafetensors(tensors, metadata);
      const unaligned = new Uint8Array(bytes.length + 1);
      unaligned.set(bytes, 1);
      const parsed = parseSafetensors(unaligned.subarray(1));
      expect(Object.keys(parsed.tensors).sort()).toEqual(Object.keys(tensors).sort());
      for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
        const found = Object.entries(parsed.tensors).find(([key]) => key === name)?.[1];
        expect(found).toMatchObject({ dtype, shape });
        expect(new Uint8Array(found?.data.buffer ?? new ArrayBuffer(0))).toEqual(new Uint8Array(data.buffer));
      }
      expect(Object.entries(parsed.metadata)).toEqual(Object.entries(metadata));
      expect(writeSafetensors(parsed.tensors, parsed.metadata)).toEqual(bytes);
    }),
  );
});

test('names and shapes that are traps for objects come back too', () => {
  const one = tensor('float32', [], Float32Array.of(1));
  const tensors = Object.fromEntries([
    ['__proto__', one],
    ['constructor', one],
    ['', one],
  ]);
  expect(Object.keys(parseSafetensors(writeSafetensors(tensors)).tensors).sort()).toEqual([
    '',
    '__proto__',
    'constructor',
  ]);
  const metadata = Object.fromEntries([['__proto__', '']]);
  expect(Object.entries(parseSafetensors(writeSafetensors({}, metadata)).metadata)).toEqual([['__proto__', '']]);
});

test('a view into a larger buffer is written alone', () => {
  const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
  const { tensors } = parseSafetensors(writeSafetensors({ a: tensor('float32', [2], data) }));
  expect(tensors.a?.data).toEqual(Float32Array.of(1, 2));
});

test('bad bytes are a ModelError', () => {
  const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
  const four = new Uint8Array(4);
  const cases: [string, Uint8Array, RegExp][] = [
    ['empty', new Uint8Array(0), /fewer than the 8/],
    ['length beyond the file', file('{}').subarray(0, 9), /header length/],
    ['huge length', Uint8Array.from({ length: 16 }, () => 255), /header length/],
    ['no JSON', file('{"a'), /no JSON/],
    ['no UTF-8', file('{}').fill(0xff, 8), /no JSON/],
    ['array', file('[]'), /no object/],
    ['unknown dtype', file({ a: { ...entry, dtype: 'F8' } }, four), /F8/],
    ['missing data', file({ a: entry }), /0/],
    ['more data', file({ a: entry }, new Uint8Array(5)), /5/],
    ['gap', file({ a: { ...entry, data_offsets: [1, 5] } }, new Uint8Array(5)), /gap/],
    ['overlap', file({ a: entry, b: entry }, four), /gap or overlap/],
    ['shape that does not fit', file({ a: { ...entry, shape: [2] } }, four), /does not take/],
    ['huge shape', file({ a: { ...entry, shape: [2 ** 53 - 1, 2 ** 53 - 1] } }, four), /does not take/],
    ['negative size', file({ a: { ...entry, shape: [-1] } }, four), /proper/],
    ['no offsets', file({ a: { dtype: 'F32', shape: [1] } }, four), /proper/],
    ['metadata of numbers', file({ __metadata__: { a: 1 } }), /__metadata__/],
  ];
  for (const [name, bytes, expected] of cases) {
    const parse = () => parseSafetensors(bytes);
    expect(parse, name).toThrow(ModelError);
    expect(parse, name).toThrow(expected);
  }
});

test('any bytes, and any damage to a valid file, parse or are a ModelError', () => {
  const valid = writeSafetensors({ a: tensor('float32', [2, 2], Float32Array.of(1, 2, 3, 4)) }, { k: 'v' });
  const damaged = fc.tuple(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length)).map(([at, value, length]) => {
    const bytes = valid.slice(0, Math.max(length, at + 1));
    bytes[at] = value;
    return bytes;
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 100 }),
        damaged,
        fc.json().map((json) => file(json)),
      ),
      (bytes) => {
        try {
          parseSafetensors(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ModelError);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('a tensor cannot take the name of the metadata', () => {
  expect(() => writeSafetensors({ __metadata__: tensor('float32', [], Float32Array.of(1)) })).toThrow(RangeError);
});
