/** Dtype and shape of the outputs of every op, from its inputs and attributes (ONNX operator specification, opset 17). */

import { ShapeError } from '../../core/errors.ts';
import type { Dim, OpAttributes, OpType, ValueType, WindowAttributes } from './op-attributes.ts';

/** Infers the outputs of one op. @throws {@link ShapeError} when the inputs do not fit. */
type ShapeRule<Op extends OpType> = (
  inputs: readonly ValueType[],
  attributes: OpAttributes[Op],
) => readonly ValueType[];

const text = (shape: readonly Dim[]): string => `[${shape.join(', ')}]`;

function inputAt(inputs: readonly ValueType[], index: number): ValueType {
  const value = inputs[index];
  if (value === undefined) throw new ShapeError(`input ${index} is missing`);
  return value;
}

/** Position of an axis counted from the front. */
function axisIn(shape: readonly Dim[], axis: number): number {
  const index = axis < 0 ? axis + shape.length : axis;
  if (index < 0 || index >= shape.length) throw new ShapeError(`axis ${axis} is not in shape ${text(shape)}`);
  return index;
}

function dimAt(shape: readonly Dim[], axis: number): Dim {
  return shape[axisIn(shape, axis)] as Dim;
}

function sizeAt(shape: readonly Dim[], axis: number): number {
  const size = dimAt(shape, axis);
  if (typeof size === 'string') throw new ShapeError(`axis ${axis} of ${text(shape)} must have a fixed size`);
  return size;
}

/** Shape that two shapes broadcast to. @throws {@link ShapeError} when they do not. */
function broadcastShapes(a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new ShapeError(`shapes ${text(a)} and ${text(b)} do not broadcast`);
    return x === 1 ? y : x;
  });
}

const same = (inputs: readonly ValueType[]): readonly ValueType[] => {
  const { dtype, shape } = inputAt(inputs, 0);
  return [{ dtype, shape }];
};

const broadcast = (inputs: readonly ValueType[]): readonly ValueType[] => {
  const [a, b] = [inputAt(inputs, 0), inputAt(inputs, 1)];
  if (a.dtype !== b.dtype) throw new ShapeError(`dtypes ${a.dtype} and ${b.dtype} do not mix`);
  return [{ dtype: a.dtype, shape: broadcastShapes(a.shape, b.shape) }];
};

const comparison = (inputs: readonly ValueType[]): readonly ValueType[] =>
  broadcast(inputs).map(({ shape }) => ({ dtype: 'bool', shape }));

const reduce = (
  inputs: readonly ValueType[],
  { axes, keepdims }: { readonly axes: readonly number[]; readonly keepdims: 0 | 1 },
): readonly ValueType[] => {
  const { dtype, shape } = inputAt(inputs, 0);
  const reduced = new Set(axes.map((axis) => axisIn(shape, axis)));
  const kept = shape.map((size, i) => (reduced.has(i) ? 1 : size));
  return [{ dtype, shape: keepdims === 1 ? kept : kept.filter((_, i) => !reduced.has(i)) }];
};

/** Output size of a convolution or pooling along one axis. */
function windowSize(size: Dim, kernel: number, stride: number, before: number, after: number): number {
  if (typeof size === 'string') throw new ShapeError('height and width of a convolution or pooling must be fixed');
  const out = Math.floor((size + before + after - kernel) / stride) + 1;
  if (out < 1) throw new ShapeError(`a window of ${kernel} does not fit into ${size} + ${before} + ${after}`);
  return out;
}

function windowed(shape: readonly Dim[], kernel: readonly [number, number], attributes: WindowAttributes): Dim[] {
  if (shape.length !== 4) throw new ShapeError(`expected [N, C, H, W], got ${text(shape)}`);
  const { strides, pads } = attributes;
  return [
    windowSize(dimAt(shape, 2), kernel[0], strides[0], pads[0], pads[2]),
    windowSize(dimAt(shape, 3), kernel[1], strides[1], pads[1], pads[3]),
  ];
}

const pool = (
  inputs: readonly ValueType[],
  attributes: WindowAttributes & { readonly kernel_shape: readonly [number, number] },
): ValueType => {
  const { dtype, shape } = inputAt(inputs, 0);
  return { dtype, shape: [dimAt(shape, 0), dimAt(shape, 1), ...windowed(shape, attributes.kernel_shape, attributes)] };
};

const product = (shape: readonly Dim[]): number => shape.reduce<number>((p, size) => p * (size as number), 1);

function checkReshape(from: readonly Dim[], to: readonly Dim[]): void {
  const names = (shape: readonly Dim[]) => shape.filter((size) => typeof size === 'string');
  const numbers = (shape: readonly Dim[]) => product(shape.filter((size) => typeof size === 'number'));
  if (names(to).length > 1) throw new ShapeError(`Reshape to ${text(to)}: at most one open axis`);
  if (text(names(from)) === text(names(to)) && numbers(from) !== numbers(to)) {
    throw new ShapeError(`Reshape from ${text(from)} to ${text(to)} changes the number of elements`);
  }
}

/** The rule of every op. */
export const shapeRules: { readonly [Op in OpType]: ShapeRule<Op> } = {
  Abs: same,
  Add: broadcast,
  AveragePool: (inputs, attributes) => [pool(inputs, attributes)],
  Cast: (inputs, { to }) => [{ dtype: to, shape: inputAt(inputs, 0).shape }],
  Clip: same,
  Concat: (inputs, { axis }) => {
    const { dtype, shape } = inputAt(inputs, 0);
    const at = axisIn(shape, axis);
    let total = 0;
    for (const value of inputs) {
      if (value.shape.length !== shape.length || value.shape.some((size, i) => i !== at && size !== shape[i])) {
        throw new ShapeError(`Concat along axis ${axis}: ${text(value.shape)} does not fit ${text(shape)}`);
      }
      total += sizeAt(value.shape, at);
    }
    return [{ dtype, shape: shape.map((size, i) => (i === at ? total : size)) }];
  },
  Conv: (inputs, attributes) => {
    const [x, w] = [inputAt(inputs, 0), inputAt(inputs, 1)];
    if (w.shape.length !== 4 || dimAt(x.shape, 1) !== sizeAt(w.shape, 1) * attributes.group) {
      throw new ShapeError(`Conv of ${text(x.shape)} with weights ${text(w.shape)}, group ${attributes.group}`);
    }
    const kernel = [sizeAt(w.shape, 2), sizeAt(w.shape, 3)] as const;
    return [
      { dtype: x.dtype, shape: [dimAt(x.shape, 0), dimAt(w.shape, 0), ...windowed(x.shape, kernel, attributes)] },
    ];
  },
  ConvTranspose: (inputs, { strides, pads, output_padding }) => {
    const [x, w] = [inputAt(inputs, 0), inputAt(inputs, 1)];
    if (w.shape.length !== 4 || dimAt(x.shape, 1) !== dimAt(w.shape, 0)) {
      throw new ShapeError(`ConvTranspose of ${text(x.shape)} with weights ${text(w.shape)}`);
    }
    const size = (axis: 0 | 1) =>
      (sizeAt(x.shape, 2 + axis) - 1) * strides[axis] +
      sizeAt(w.shape, 2 + axis) -
      pads[axis] -
      (pads[axis + 2] as number) +
      output_padding[axis];
    return [{ dtype: x.dtype, shape: [dimAt(x.shape, 0), dimAt(w.shape, 1), size(0), size(1)] }];
  },
  Div: broadcast,
  Equal: comparison,
  Exp: same,
  Expand: (inputs, { shape }) => {
    const { dtype, shape: from } = inputAt(inputs, 0);
    return [{ dtype, shape: broadcastShapes(from, shape) }];
  },
  Gather: (inputs, { axis }) => {
    const [x, indices] = [inputAt(inputs, 0), inputAt(inputs, 1)];
    const at = axisIn(x.shape, axis);
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)] }];
  },
  Gemm: (inputs, { transA, transB }) => {
    const [a, b] = [inputAt(inputs, 0), inputAt(inputs, 1)];
    if (
      a.shape.length !== 2 ||
      b.shape.length !== 2 ||
      dimAt(a.shape, transA ? 0 : 1) !== dimAt(b.shape, transB ? 1 : 0)
    ) {
      throw new ShapeError(`Gemm of ${text(a.shape)} (transA ${transA}) and ${text(b.shape)} (transB ${transB})`);
    }
    return [{ dtype: a.dtype, shape: [dimAt(a.shape, transA ? 1 : 0), dimAt(b.shape, transB ? 0 : 1)] }];
  },
  GlobalAveragePool: (inputs) => {
    const { dtype, shape } = inputAt(inputs, 0);
    if (shape.length !== 4) throw new ShapeError(`GlobalAveragePool expects [N, C, H, W], got ${text(shape)}`);
    return [{ dtype, shape: [dimAt(shape, 0), dimAt(shape, 1), 1, 1] }];
  },
  Greater: comparison,
  Identity: same,
  Less: comparison,
  Log: same,
  LogSoftmax: same,
  MatMul: (inputs) => {
    const [a, b] = [inputAt(inputs, 0), inputAt(inputs, 1)];
    if (a.shape.length < 2 || b.shape.length < 2 || dimAt(a.shape, -1) !== dimAt(b.shape, -2)) {
      throw new ShapeError(`MatMul of ${text(a.shape)} and ${text(b.shape)}`);
    }
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [{ dtype: a.dtype, shape: [...batch, dimAt(a.shape, -2), dimAt(b.shape, -1)] }];
  },
  MaxPool: (inputs, attributes) => {
    const pooled = pool(inputs, attributes);
    return [pooled, { dtype: 'int64', shape: pooled.shape }];
  },
  Mul: broadcast,
  Neg: same,
  Pad: (inputs, { pads }) => {
    const { dtype, shape } = inputAt(inputs, 0);
    if (pads.length !== 2 * shape.length) throw new ShapeError(`Pad of ${text(shape)} needs ${2 * shape.length} pads`);
    const padded = shape.map((size, i) => {
      const added = (pads[i] as number) + (pads[i + shape.length] as number);
      return added === 0 ? size : sizeAt(shape, i) + added;
    });
    return [{ dtype, shape: padded }];
  },
  Reciprocal: same,
  ReduceMax: reduce,
  ReduceMean: reduce,
  ReduceSum: reduce,
  Relu: same,
  Reshape: (inputs, { shape }) => {
    const { dtype, shape: from } = inputAt(inputs, 0);
    checkReshape(from, shape);
    return [{ dtype, shape }];
  },
  Round: same,
  ScatterElements: (inputs) => {
    const [indices, updates] = [inputAt(inputs, 1), inputAt(inputs, 2)];
    if (text(indices.shape) !== text(updates.shape)) {
      throw new ShapeError(`ScatterElements: indices ${text(indices.shape)}, updates ${text(updates.shape)}`);
    }
    return same(inputs);
  },
  Sigmoid: same,
  Sign: same,
  Slice: (inputs, { starts, ends, axes, steps }) => {
    const { dtype, shape } = inputAt(inputs, 0);
    const sliced = [...shape];
    axes.forEach((axis, i) => {
      const size = sizeAt(shape, axis);
      const at = (position: number) => Math.min(Math.max(position < 0 ? position + size : position, 0), size);
      const step = steps[i] as number;
      if (step < 1) throw new ShapeError(`Slice takes positive steps only, got ${step}`);
      sliced[axisIn(shape, axis)] = Math.max(0, Math.ceil((at(ends[i] as number) - at(starts[i] as number)) / step));
    });
    return [{ dtype, shape: sliced }];
  },
  Softmax: same,
  Sqrt: same,
  Sub: broadcast,
  Tanh: same,
  Transpose: (inputs, { perm }) => {
    const { dtype, shape } = inputAt(inputs, 0);
    if (perm.length !== shape.length) throw new ShapeError(`Transpose of ${text(shape)} by ${text(perm)}`);
    return [{ dtype, shape: perm.map((axis) => dimAt(shape, axis)) }];
  },
  Where: (inputs) => {
    const [condition, a, b] = [inputAt(inputs, 0), inputAt(inputs, 1), inputAt(inputs, 2)];
    return [{ dtype: a.dtype, shape: broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape)) }];
  },
};
