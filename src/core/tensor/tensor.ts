/** A tensor: dtype, shape and a typed array in row-major order. The smallest thing that graphs, codec and runtime share. */

import { ShapeError } from '../errors.ts';

/** Array type that holds the elements of each dtype; `float16` is kept as its raw bits, `bool` as 0 or 1. */
export interface TypedArrayOf {
  readonly float32: Float32Array;
  readonly float16: Uint16Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
  readonly uint8: Uint8Array;
  readonly bool: Uint8Array;
}

/** Element types, named as in ONNX, lower case. */
export type DType = keyof TypedArrayOf;

/** Sizes of the axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** A dense tensor. `data.length` equals the product of `shape`. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: Shape;
  readonly data: TypedArrayOf[D];
}

/** Tensors by name: the inputs or outputs of a graph, or the trained tensors of a file. */
export type TensorMap = Readonly<Record<string, Tensor>>;

/** Number of elements of a shape: the product of its sizes, 1 for a scalar. */
export function elementCount(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

const constructors: { readonly [D in DType]: new (length: number) => TypedArrayOf[D] } = {
  float32: Float32Array,
  float16: Uint16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** Bytes of one element of each dtype. */
export const bytesPerElement: { readonly [D in DType]: number } = {
  float32: 4,
  float16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  bool: 1,
};

/**
 * Makes a tensor from data in row-major order, without copying it.
 *
 * @throws {@link ShapeError} when the number of elements is not the product of `shape`.
 */
export function tensor<D extends DType>(dtype: D, shape: Shape, data: TypedArrayOf[D]): Tensor<D> {
  if (data.length !== elementCount(shape)) {
    throw new ShapeError(
      `tensor of shape [${shape.join(', ')}] needs ${elementCount(shape)} elements, got ${data.length}`,
    );
  }
  return { dtype, shape, data };
}

/** Makes a tensor of zeros. */
export function zeros<D extends DType>(dtype: D, shape: Shape): Tensor<D> {
  return { dtype, shape, data: new constructors[dtype](elementCount(shape)) };
}

/** Makes a `float32` scalar. */
export function scalar(value: number): Tensor<'float32'> {
  return { dtype: 'float32', shape: [], data: Float32Array.of(value) };
}

/** Whether a tensor holds elements of one dtype; narrows its type. */
export function hasDType<D extends DType>(t: Tensor, dtype: D): t is Tensor<D> {
  return t.dtype === dtype;
}

/**
 * Picks a tensor by name and dtype out of a map.
 *
 * @throws {@link ShapeError} when there is none of that name, or of another dtype.
 */
export function pickTensor<D extends DType>(tensors: TensorMap, name: string, dtype: D): Tensor<D> {
  const found = tensors[name];
  if (found === undefined) {
    throw new ShapeError(`no tensor "${name}" among: ${Object.keys(tensors).join(', ')}`);
  }
  if (!hasDType(found, dtype)) {
    throw new ShapeError(`tensor "${name}" is ${found.dtype}, expected ${dtype}`);
  }
  return found;
}
