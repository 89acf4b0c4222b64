import { beforeAll, describe, expect, test } from 'vitest';
import { GraphError, ShapeError } from '../../core/errors.ts';
import { scalar, type Tensor, tensor, zeros } from '../../core/tensor/index.ts';
import { createNodeRuntime, type Runtime } from '../../runtime/node.ts';
import {
  abs,
  add,
  constant,
  conv,
  createGraph,
  input,
  mul,
  mulScalar,
  output,
  reduceSum,
  relu,
  round,
  serializeGraph,
  type Value,
} from '../graph/index.ts';
import { adamW, gradients, quantizeStraightThrough, roundStraightThrough, sgdMomentum, stopGradient } from './index.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await createNodeRuntime({ threads: 1, worker: false });
});

const vector = (...numbers: number[]) => tensor('float32', [numbers.length], Float32Array.from(numbers));
const sum = (x: Value): Value =>
  reduceSum(
    x,
    x.shape.map((_, axis) => axis),
    0,
  );

/** `f(x)` and the gradient of its sum. */
async function valueAndGradient(x: Tensor<'float32'>, f: (x: Value) => Value): Promise<readonly [number[], number[]]> {
  const graph = createGraph('test');
  const given = input(graph, 'x', 'float32', x.shape);
  const y = f(given);
  output('y', y);
  output('gradient', gradients(sum(y), [given])[0] as Value);
  await using session = await runtime.createSession(serializeGraph(graph));
  const results = await session.run({ x });
  return [[...(results.y as Tensor<'float32'>).data], [...(results.gradient as Tensor<'float32'>).data]];
}

describe('gradients', () => {
  test('of values that the loss does not depend on are zeros', async () => {
    const graph = createGraph('unused');
    const [x, unused] = [input(graph, 'x', 'float32', [2]), input(graph, 'unused', 'float32', [3])];
    output('gradient', gradients(sum(x), [unused])[0] as Value);
    await using session = await runtime.createSession(serializeGraph(graph));
    const feeds = { x: vector(1, 2), unused: vector(1, 2, 3) };
    const { gradient } = await session.run(
      Object.fromEntries(session.inputNames.map((name) => [name, feeds[name as 'x']])),
    );
    expect(gradient).toEqual(zeros('float32', [3]));
  });

  test('of the loss by itself is one; inner values can be asked for', async () => {
    const graph = createGraph('inner');
    const x = input(graph, 'x', 'float32', [2]);
    const inner = mul(x, x);
    const loss = sum(mulScalar(inner, 3));
    const [byLoss, byInner] = gradients(loss, [loss, inner]) as [Value, Value];
    output('by loss', byLoss);
    output('by inner', byInner);
    await using session = await runtime.createSession(serializeGraph(graph));
    const feeds = session.inputNames.includes('x') ? { x: vector(1, 2) } : {};
    const results = await session.run(feeds);
    expect(results['by loss']).toEqual(scalar(1));
    expect(results['by inner']).toEqual(vector(3, 3));
  });

  test('frozen weights get no gradient nodes', () => {
    const graph = createGraph('frozen');
    const x = input(graph, 'x', 'float32', [1, 2, 4, 4]);
    const weights = input(graph, 'weights', 'float32', [3, 2, 3, 3]);
    const loss = sum(relu(conv(x, weights)));
    const before = graph.nodes.length;
    gradients(loss, [x]);
    const added = graph.nodes.slice(before).map((node) => node.op);
    expect(added).toContain('ConvTranspose');
    expect(added).not.toContain('Gemm');
  });

  test('constant weights go back as a convolution with constants, made once', () => {
    const graph = createGraph('constant');
    const x = input(graph, 'x', 'float32', [1, 2, 4, 4]);
    const weights = constant(graph, zeros('float32', [2, 2, 3, 3]));
    const loss = sum(
      conv(conv(x, weights, undefined, { pads: [1, 1, 1, 1] }), weights, undefined, { pads: [1, 1, 1, 1] }),
    );
    const before = graph.constants.length;
    gradients(loss, [x]);
    const added = graph.constants.slice(before).filter((value) => value.shape.length === 4);
    expect(added).toHaveLength(1);
  });

  test('refuse a loss of more than one number, and values of another graph', () => {
    const graph = createGraph('one');
    const x = input(graph, 'x', 'float32', [2]);
    expect(() => gradients(x, [x])).toThrow(ShapeError);
    const stranger = input(createGraph('other'), 'z', 'float32', [2]);
    expect(() => gradients(sum(x), [stranger])).toThrow(GraphError);
  });

  test('need fixed sizes only where a rule asks for them', () => {
    const graph = createGraph('open');
    const x = input(graph, 'x', 'float32', ['N', 2]);
    expect(() => gradients(sum(abs(x)), [x])).toThrow('open axis N');
  });

  test('refuse a grouped convolution with a sentence', () => {
    const graph = createGraph('group');
    const x = input(graph, 'x', 'float32', [1, 2, 3, 3]);
    const weights = input(graph, 'weights', 'float32', [2, 1, 3, 3]);
    expect(() => gradients(sum(conv(x, weights, undefined, { group: 2 })), [x])).toThrow('only group 1 is trained');
  });
});

describe('straight through', () => {
  test('rounding is half to even on the way there, the identity on the way back', async () => {
    const [y, gradient] = await valueAndGradient(vector(0.5, 1.5, -2.5, 0.2, 300.7), roundStraightThrough);
    expect(y).toEqual([0, 2, -2, 0, 301]);
    expect(gradient).toEqual([1, 1, 1, 1, 1]);
  });

  test('bare rounding stops the gradient', async () => {
    expect((await valueAndGradient(vector(0.2, 1.7), round))[1]).toEqual([0, 0]);
  });

  test('quantization clips; its gradient passes from bound to bound and nowhere else', async () => {
    const [y, gradient] = await valueAndGradient(vector(-9, -2, -1.6, 0.4, 3, 3.2), (x) =>
      quantizeStraightThrough(x, -2, 3),
    );
    expect(y).toEqual([-2, -2, -2, 0, 3, 3]);
    expect(gradient).toEqual([0, 1, 1, 1, 1, 0]);
  });

  test('a stopped factor is a constant', async () => {
    const [y, gradient] = await valueAndGradient(vector(2, 3), (x) => mul(x, stopGradient(x)));
    expect(y).toEqual([4, 9]);
    expect(gradient).toEqual([2, 3]);
  });
});

describe('weight decay', () => {
  test.each([sgdMomentum({ weightDecay: 0.5 }), adamW({ weightDecay: 0.5 })])(
    'of $name is decoupled from the gradient',
    async (optimizer) => {
      const graph = createGraph('decay');
      const parameter = input(graph, 'parameter', 'float32', [2]);
      const learningRate = input(graph, 'learning_rate', 'float32', []);
      const step = input(graph, 'step', 'float32', []);
      const states = optimizer.stateNames.map(() => constant(graph, zeros('float32', [2])));
      const slope = mulScalar(parameter, 0);
      output('new', optimizer.update(add(parameter, slope), slope, states, { learningRate, step }).parameter);
      await using session = await runtime.createSession(serializeGraph(graph));
      const feeds: Readonly<Record<string, Tensor>> = {
        parameter: vector(1, -4),
        learning_rate: scalar(0.1),
        step: scalar(1),
      };
      const results = await session.run(
        Object.fromEntries(session.inputNames.map((name) => [name, feeds[name] as Tensor])),
      );
      expect((results.new as Tensor<'float32'>).data[0]).toBeCloseTo(0.95, 6);
      expect((results.new as Tensor<'float32'>).data[1]).toBeCloseTo(-3.8, 6);
    },
  );

  test('a missing state is named', () => {
    const graph = createGraph('missing');
    const x = input(graph, 'x', 'float32', [2]);
    const scalars = { learningRate: x, step: x };
    expect(() => adamW().update(x, x, [x], scalars)).toThrow('"secondMoment" is missing');
  });
});
