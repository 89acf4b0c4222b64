/** What every implementation of `Runtime` and `Session` must do. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GraphError } from '../../src/core/errors.ts';
import { type DType, pickTensor, type Shape, type TypedArrayOf, tensor } from '../../src/core/tensor/index.ts';
import type { Runtime, Session } from '../../src/runtime/session.ts';
import { onnxModel } from '../fixtures/onnx-graph.ts';

/** `product = a x b` and `sum = a + a`, for `a` float32[N, 2], `b` a constant 2x2 matrix. */
const affine = onnxModel({
  inputs: [{ name: 'a', dtype: 'float32', shape: ['N', 2] }],
  outputs: [
    { name: 'product', dtype: 'float32', shape: ['N', 2] },
    { name: 'sum', dtype: 'float32', shape: ['N', 2] },
  ],
  constants: [{ name: 'b', dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
  nodes: [
    { op: 'MatMul', inputs: ['a', 'b'], outputs: ['product'] },
    { op: 'Add', inputs: ['a', 'a'], outputs: ['sum'] },
  ],
});

function identity(dtype: DType): Uint8Array {
  return onnxModel({
    inputs: [{ name: 'x', dtype, shape: ['N'] }],
    outputs: [{ name: 'y', dtype, shape: ['N'] }],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  });
}

const samples: { readonly [D in DType]: TypedArrayOf[D] } = {
  float32: Float32Array.of(0.5, -1, 3e38),
  float16: Uint16Array.of(0x3c00, 0xc000, 0x7bff),
  int32: Int32Array.of(-(2 ** 31), 7, 2 ** 31 - 1),
  int64: BigInt64Array.of(-(2n ** 63n), 5n, 2n ** 63n - 1n),
  uint8: Uint8Array.of(0, 128, 255),
  bool: Uint8Array.of(1, 0, 1),
};

const f32 = (shape: Shape, ...values: number[]) => tensor('float32', shape, Float32Array.from(values));

/** Declares the suite for one implementation. */
export function sessionContract(name: string, createRuntime: () => Promise<Runtime>): void {
  describe(`session: ${name}`, () => {
    let runtime: Runtime;
    let session: Session;
    beforeAll(async () => {
      runtime = await createRuntime();
      session = await runtime.createSession(affine);
    });
    afterAll(() => session.close());

    test('names the inputs and outputs of the graph', () => {
      expect(session.inputNames).toEqual(['a']);
      expect(session.outputNames).toEqual(['product', 'sum']);
    });

    test('computes, for every batch size', async () => {
      const { product } = await session.run({ a: f32([1, 2], 1, 10) });
      expect(product).toEqual(f32([1, 2], 31, 42));
      const two = await session.run({ a: f32([2, 2], 1, 0, 0, 1) });
      expect(two).toEqual({ product: f32([2, 2], 1, 2, 3, 4), sum: f32([2, 2], 2, 0, 0, 2) });
    });

    test('gives only the outputs asked for', async () => {
      expect(Object.keys(await session.run({ a: f32([1, 2], 1, 1) }, ['sum']))).toEqual(['sum']);
    });

    test.each(Object.keys(samples) as DType[])('carries %s unchanged', async (dtype) => {
      await using own = await runtime.createSession(identity(dtype));
      const { y } = await own.run({ x: { dtype, shape: [3], data: samples[dtype] } });
      expect(y).toEqual({ dtype, shape: [3], data: samples[dtype] });
    });

    test('leaves inputs as they were, views into larger buffers and Node buffers too', async () => {
      const large = Float32Array.of(9, 1, 10, 9);
      const a = tensor('float32', [1, 2], large.subarray(1, 3));
      for (let i = 0; i < 2; i++) expect((await session.run({ a })).product).toEqual(f32([1, 2], 31, 42));
      expect([...large]).toEqual([9, 1, 10, 9]);
      await using bytes = await runtime.createSession(identity('uint8'));
      const pooled = Buffer.from('abc');
      const { y } = await bytes.run({ x: tensor('uint8', [3], pooled) });
      expect(Buffer.from(y?.data.buffer as ArrayBuffer).toString()).toBe('abc');
      expect(pooled.toString()).toBe('abc');
    });

    test('takes shared memory', async () => {
      const shared = new Float32Array(new SharedArrayBuffer(8));
      shared.set([1, 10]);
      expect((await session.run({ a: tensor('float32', [1, 2], shared) })).product).toEqual(f32([1, 2], 31, 42));
    });

    test('outputs of one run survive the next', async () => {
      const first = await session.run({ a: f32([1, 2], 1, 10) });
      await session.run({ a: f32([1, 2], 0, 0) });
      expect(first.product).toEqual(f32([1, 2], 31, 42));
    });

    test('an output can be fed back', async () => {
      const first = await session.run({ a: f32([1, 2], 1, 10) });
      const second = await session.run({ a: pickTensor(first, 'product', 'float32') });
      expect(second.sum).toEqual(f32([1, 2], 62, 84));
    });

    test('serves concurrent runs in the order of arrival', async () => {
      const order: number[] = [];
      const runs = Array.from({ length: 8 }, async (_, i) => {
        const { sum } = await session.run({ a: f32([1, 2], i, i) });
        order.push(i);
        return sum?.data[0];
      });
      expect(await Promise.all(runs)).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
      expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    });

    test.each([
      ['missing input', {}, 'input "a" is missing'],
      ['unknown input', { a: f32([1, 2], 1, 1), z: f32([1], 1) }, 'no input "z"'],
      ['wrong rank', { a: f32([2], 1, 1) }, 'input "a" is float32[N, 2], got float32[2]'],
      ['wrong size', { a: f32([1, 3], 1, 1, 1) }, 'input "a" is float32[N, 2], got float32[1, 3]'],
      ['wrong dtype', { a: tensor('int32', [1, 2], Int32Array.of(1, 1)) }, 'got int32[1, 2]'],
    ])('refuses a %s and stays usable', async (_, inputs, sentence) => {
      const refused = session.run(inputs);
      await expect(refused).rejects.toThrow(GraphError);
      await expect(refused).rejects.toThrow(sentence);
      expect((await session.run({ a: f32([1, 2], 1, 10) })).product).toEqual(f32([1, 2], 31, 42));
    });

    test('refuses an unknown output by name', async () => {
      await expect(session.run({ a: f32([1, 2], 1, 1) }, ['logits'])).rejects.toThrow('no output "logits"');
    });

    test('a failure inside the graph rejects that run only', async () => {
      await using gather = await runtime.createSession(
        onnxModel({
          inputs: [{ name: 'i', dtype: 'int64', shape: ['N'] }],
          outputs: [{ name: 'y', dtype: 'float32', shape: ['N'] }],
          constants: [{ name: 'table', dtype: 'float32', shape: [2], data: Float32Array.of(5, 6) }],
          nodes: [{ op: 'Gather', inputs: ['table', 'i'], outputs: ['y'] }],
        }),
      );
      const index = (i: bigint) => ({ i: tensor('int64', [1], BigInt64Array.of(i)) });
      const [bad, good] = await Promise.allSettled([gather.run(index(9n)), gather.run(index(1n))]);
      expect(bad.status === 'rejected' && bad.reason).toBeInstanceOf(GraphError);
      expect(good.status === 'fulfilled' && good.value.y).toEqual(f32([1], 6));
    });

    test('refuses bytes that are no graph, and a graph with an unknown op', async () => {
      await expect(runtime.createSession(Uint8Array.of(1, 2, 3))).rejects.toThrow(GraphError);
      const unknown = onnxModel({
        inputs: [{ name: 'x', dtype: 'float32', shape: [1] }],
        outputs: [{ name: 'y', dtype: 'float32', shape: [1] }],
        nodes: [{ op: 'NoSuchOp', inputs: ['x'], outputs: ['y'] }],
      });
      await expect(runtime.createSession(unknown)).rejects.toThrow('NoSuchOp');
    });

    test('leaves the bytes of the graph usable', async () => {
      const graph = identity('bool');
      const before = graph.slice();
      await (await runtime.createSession(graph)).close();
      expect(graph).toEqual(before);
    });

    test('close during a run resolves after it; later runs are refused; closing twice is harmless', async () => {
      const own = await runtime.createSession(affine);
      const order: string[] = [];
      const running = own.run({ a: f32([1, 2], 1, 10) }).then(() => order.push('run'));
      await own.close().then(() => order.push('close'));
      await running;
      expect(order).toEqual(['run', 'close']);
      await expect(own.run({ a: f32([1, 2], 1, 1) })).rejects.toThrow('closed');
      await own.close();
    });

    test('equal inputs give equal bits', async () => {
      const a = f32([1, 2], 0.1, 0.7);
      expect(await session.run({ a })).toEqual(await session.run({ a }));
    });

    test('refuses a number of threads that is none', async () => {
      await expect(runtime.createSession(affine, { threads: 0 })).rejects.toThrow(RangeError);
    });
  });
}
