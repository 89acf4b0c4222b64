/** Whole blocks against PyTorch: outputs, gradients and optimizer steps stored in test/vectors (scripts/reference-blocks.py). */

import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { pickTensor, type Shape, scalar, type Tensor, type TensorMap, tensor, zeros } from '../../core/tensor/index.ts';
import { createNodeRuntime, type Runtime } from '../../runtime/node.ts';
import {
  add,
  addScalar,
  constant,
  conv,
  convTranspose,
  createGraph,
  div,
  gemm,
  input,
  matMul,
  maxPool,
  mul,
  mulScalar,
  output,
  reduceMax,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  serializeGraph,
  sigmoid,
  softmax,
  transpose,
  type Value,
} from '../graph/index.ts';
import {
  adamW,
  batchNormTraining,
  gradients,
  klDivergence,
  meanSquaredError,
  type Optimizer,
  quantizeStraightThrough,
  sgdMomentum,
  softmaxCrossEntropy,
} from './index.ts';

type Stored = { readonly shape: Shape; readonly data: readonly number[] };
type StoredMap = Readonly<Record<string, Stored>>;
interface Reference {
  readonly blocks: Readonly<
    Record<string, { readonly inputs: StoredMap; readonly outputs: StoredMap; readonly gradients: StoredMap }>
  >;
  readonly optimizers: Readonly<Record<string, { readonly inputs: StoredMap; readonly after: readonly Stored[] }>>;
}

const reference = JSON.parse(
  readFileSync(new URL('../../../test/vectors/pytorch-blocks.json', import.meta.url), 'utf8'),
) as Reference;

const tensorOf = ({ shape, data }: Stored): Tensor<'float32'> => tensor('float32', shape, Float32Array.from(data));
const tensorsOf = (stored: StoredMap) =>
  Object.fromEntries(Object.entries(stored).map(([name, t]) => [name, tensorOf(t)]));

/** Largest difference, relative to the largest number of the reference. */
function relativeError(found: Tensor<'float32'>, expected: Stored): number {
  if (found.shape.join() !== expected.shape.join()) return Number.POSITIVE_INFINITY;
  const scale = Math.max(...expected.data.map(Math.abs));
  return Math.max(...expected.data.map((value, i) => Math.abs(value - (found.data[i] as number)))) / (scale || 1);
}

const tolerance = 5e-6;

const total = (x: Value): Value =>
  reduceSum(
    x,
    x.shape.map((_, axis) => axis),
    0,
  );

/** A block as a graph: from the inputs of the reference to its outputs, by name. */
type Block = (value: (name: string) => Value) => Readonly<Record<string, Value>>;

const weighted = (y: Value, value: (name: string) => Value) => ({ y, loss: total(mul(y, value('weights'))) });

const blocks: Readonly<Record<string, Block>> = {
  bottleneck: (v) => {
    const a = relu(conv(v('x'), v('wa'), v('ba'), { strides: [2, 2] }));
    const b = relu(conv(a, v('wb'), v('bb'), { pads: [1, 1, 1, 1] }));
    const shortcut = conv(v('x'), v('ws'), v('bs'), { strides: [2, 2] });
    return weighted(relu(add(conv(b, v('wc'), v('bc')), shortcut)), v);
  },
  convBatchNormRelu: (v) => {
    const z = conv(v('x'), v('w'), undefined, { strides: [2, 2], pads: [1, 1, 1, 1] });
    const { y, mean, variance } = batchNormTraining(z, v('gamma'), v('beta'), 1e-3);
    const part = weighted(relu(y), v);
    return { y: part.y, mean, variance, loss: add(part.loss, add(total(mean), total(variance))) };
  },
  batchNormRows: (v) => weighted(batchNormTraining(matMul(v('x'), v('w')), v('gamma'), v('beta'), 1e-5).y, v),
  transposedConv: (v) =>
    weighted(
      relu(convTranspose(v('x'), v('w'), v('b'), { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] })),
      v,
    ),
  maxPool: (v) =>
    weighted(
      maxPool(conv(v('x'), v('w'), undefined, { pads: [1, 1, 1, 1] }), {
        kernel_shape: [3, 3],
        strides: [2, 2],
        pads: [1, 1, 1, 1],
      }),
      v,
    ),
  attentionGate: (v) => {
    const mlp = (rows: Value) => gemm(relu(gemm(rows, v('w1'), v('b1'))), v('w2'), v('b2'));
    const gates = sigmoid(add(mlp(reduceMean(v('x'), [2, 3], 0)), mlp(reduceMax(v('x'), [2, 3], 0))));
    return { gates, ...weighted(mul(v('x'), reshape(gates, [2, 6, 1, 1])), v) };
  },
  selfAttention: (v) =>
    weighted(matMul(softmax(mulScalar(matMul(v('q'), transpose(v('k'), [0, 2, 1])), 0.5)), v('v')), v),
  distillation: (v) => {
    const crossEntropy = softmaxCrossEntropy(v('student'), v('targets'));
    const divergence = klDivergence(v('teacher'), v('student'), 4);
    return { crossEntropy, divergence, loss: add(crossEntropy, mulScalar(divergence, 0.5)) };
  },
  quantizer: (v) => {
    const symbols = quantizeStraightThrough(mul(matMul(v('x'), v('w')), v('gain')), -3, 3);
    return { symbols, loss: meanSquaredError(matMul(div(symbols, v('gain')), transpose(v('w'), [1, 0])), v('target')) };
  },
};

let runtime: Runtime;
beforeAll(async () => {
  runtime = await createNodeRuntime({ threads: 1, worker: false });
});

test('every block of the reference is built here', () => {
  expect(Object.keys(blocks)).toEqual(Object.keys(reference.blocks));
});

describe.each(Object.entries(reference.blocks))('%s', (name, expected) => {
  // Weights are inputs in training and constants when frozen: the gradients by the others go different ways.
  test.each(['inputs', 'constants'] as const)('agrees with PyTorch, weights as %s', async (kind) => {
    const graph = createGraph(name);
    const tensors: TensorMap = tensorsOf(expected.inputs);
    const isWeight = (key: string) => /^w[abcs12]?$/.test(key);
    const values = Object.fromEntries(
      Object.entries(tensors).map(([key, t]) => [
        key,
        kind === 'constants' && isWeight(key) ? constant(graph, t, key) : input(graph, key, 'float32', t.shape),
      ]),
    );
    const outputs = (blocks[name] as Block)((key) => values[key] as Value);
    for (const [key, value] of Object.entries(outputs)) output(`output ${key}`, value);
    const wanted = Object.keys(expected.gradients).filter((key) => kind === 'inputs' || !isWeight(key));
    gradients(
      outputs.loss as Value,
      wanted.map((key) => values[key] as Value),
    ).forEach((gradient, i) => {
      output(`gradient ${wanted[i]}`, gradient);
    });
    await using session = await runtime.createSession(serializeGraph(graph));
    const results = await session.run(
      Object.fromEntries(session.inputNames.map((key) => [key, tensors[key] as Tensor])),
    );
    const errors = (part: string, stored: StoredMap, keys: readonly string[]) =>
      keys.map(
        (key) => [key, relativeError(pickTensor(results, `${part} ${key}`, 'float32'), stored[key] as Stored)] as const,
      );
    for (const [key, error] of [
      ...errors('output', expected.outputs, Object.keys(expected.outputs)),
      ...errors('gradient', expected.gradients, wanted),
    ]) {
      expect(error, key).toBeLessThan(tolerance);
    }
  });
});

const optimizers: Readonly<Record<string, Optimizer>> = {
  sgdMomentum: sgdMomentum({ momentum: 0.9 }),
  adamW: adamW({ beta1: 0.9, beta2: 0.99, epsilon: 1e-3, weightDecay: 0.05 }),
};

describe.each(Object.entries(reference.optimizers))('%s', (name, expected) => {
  // A bare product as gradient takes a shortcut (the velocity is its third input): all ways must agree.
  test.each(['product', 'reshaped product', 'sum'] as const)(
    'three steps agree with PyTorch, the gradient a %s',
    async (kind) => {
      const optimizer = optimizers[name] as Optimizer;
      const { x, y, w: matrix } = tensorsOf(expected.inputs) as Record<'x' | 'y' | 'w', Tensor<'float32'>>;
      const w = kind === 'reshaped product' ? tensor('float32', [matrix.data.length], matrix.data) : matrix;
      const graph = createGraph(name);
      const parameter = input(graph, 'w', 'float32', w.shape);
      const scalars = {
        learningRate: input(graph, 'learning_rate', 'float32', []),
        step: input(graph, 'step', 'float32', []),
      };
      const states = optimizer.stateNames.map((key) => input(graph, key, 'float32', w.shape));
      const used = kind === 'reshaped product' ? reshape(parameter, matrix.shape) : parameter;
      const loss = meanSquaredError(matMul(constant(graph, x), used), constant(graph, y));
      const [slope] = gradients(loss, [parameter]) as [Value];
      const given = kind === 'sum' ? addScalar(slope, 0) : slope;
      const update = optimizer.update(parameter, given, states, scalars);
      output('new w', update.parameter);
      optimizer.stateNames.forEach((key, i) => {
        output(`new ${key}`, update.states[i] as Value);
      });
      await using session = await runtime.createSession(serializeGraph(graph));
      let current: TensorMap = {
        w,
        ...Object.fromEntries(optimizer.stateNames.map((key) => [key, zeros('float32', w.shape)])),
      };
      for (const [i, after] of expected.after.entries()) {
        const feeds: TensorMap = { ...current, learning_rate: scalar(0.1), step: scalar(i + 1) };
        const results = await session.run(
          Object.fromEntries(session.inputNames.map((key) => [key, feeds[key] as Tensor])),
        );
        current = Object.fromEntries(
          Object.keys(current).map((key) => [key, pickTensor(results, `new ${key}`, 'float32')]),
        );
        const found = { ...pickTensor(current, 'w', 'float32'), shape: after.shape };
        expect(relativeError(found, after), `step ${i + 1}`).toBeLessThan(tolerance);
      }
    },
  );
});

test('the comparison fails on one wrong element', () => {
  const expected = { shape: [2], data: [1, 2] };
  expect(relativeError(tensor('float32', [2], Float32Array.of(1, 2.001)), expected)).toBeGreaterThan(tolerance);
  expect(relativeError(tensor('float32', [1, 2], Float32Array.of(1, 2)), expected)).toBe(Number.POSITIVE_INFINITY);
});
