import { expect, test } from 'vitest';
import { createRandom, elementCount, type Shape, type Tensor, tensor } from '../../core/tensor/index.ts';
import { createNodeRuntime } from '../../runtime/node.ts';
import { constant, conv, createGraph, input, output, serializeGraph } from '../graph/index.ts';
import { foldBatchNorms } from './folding.ts';

const random = createRandom(8);
const values = (shape: Shape, draw: () => number): Tensor<'float32'> =>
  tensor('float32', shape, Float32Array.from({ length: elementCount(shape) }, draw));

function kerasConvolution(
  conv: string,
  bn: string,
  [height, width, inputs, outputs]: readonly [number, number, number, number],
) {
  return {
    [`${conv}/kernel`]: values([height, width, inputs, outputs], () => random.normal()),
    [`${conv}/bias`]: values([outputs], () => random.normal()),
    [`${bn}/gamma`]: values([outputs], () => random.normal()),
    [`${bn}/beta`]: values([outputs], () => random.normal()),
    [`${bn}/moving_mean`]: values([outputs], () => random.normal()),
    [`${bn}/moving_variance`]: values([outputs], () => 0.01 + random.uniform()),
  };
}

/** Convolution (same padding) and batch norm of one `[H, W, I]` map, computed as they are written. */
function direct(keras: Record<string, Tensor<'float32'>>, conv: string, bn: string, x: Tensor<'float32'>): number[] {
  const take = (name: string) => keras[name] as Tensor<'float32'>;
  const [kH = 0, kW = 0, I = 0, O = 0] = take(`${conv}/kernel`).shape;
  const [H = 0, W = 0] = x.shape;
  const result: number[] = [];
  for (let o = 0; o < O; o++) {
    for (let row = 0; row < H; row++) {
      for (let column = 0; column < W; column++) {
        let sum = take(`${conv}/bias`).data[o] as number;
        for (let a = 0; a < kH; a++) {
          for (let b = 0; b < kW; b++) {
            const [y, z] = [row + a - (kH >> 1), column + b - (kW >> 1)];
            if (y < 0 || z < 0 || y >= H || z >= W) continue;
            for (let i = 0; i < I; i++) {
              const weight = take(`${conv}/kernel`).data[((a * kW + b) * I + i) * O + o] as number;
              sum += weight * (x.data[(y * W + z) * I + i] as number);
            }
          }
        }
        const statistic = (name: string) => take(`${bn}/${name}`).data[o] as number;
        const normalized = (sum - statistic('moving_mean')) / Math.sqrt(statistic('moving_variance') + 1e-3);
        result.push(normalized * statistic('gamma') + statistic('beta'));
      }
    }
  }
  return result;
}

test.each([
  { name: '3b_branch2b', conv: 'res3b_branch2b', bn: 'bn3b_branch2b', flipsColours: false },
  { name: 'conv1', conv: 'conv1', bn: 'bn_conv1', flipsColours: true },
])('$name folded is convolution and batch norm', async ({ name, conv: convName, bn, flipsColours }) => {
  const [H, W, I, O] = [4, 5, 3, 2];
  const keras = kerasConvolution(convName, bn, [3, 3, I, O]);
  const { weights, bias } = foldBatchNorms(keras)(name);
  expect(weights.shape).toEqual([O, I, 3, 3]);
  const x = values([H, W, I], () => random.normal());
  const graph = createGraph('folded');
  const planes = input(graph, 'x', 'float32', ['N', I, H, W]);
  output('y', conv(planes, constant(graph, weights), constant(graph, bias), { pads: [1, 1, 1, 1] }));
  await using session = await (await createNodeRuntime({ worker: false })).createSession(serializeGraph(graph));
  // conv1 is given RGB where Keras has BGR.
  const channel = (c: number) => (flipsColours ? I - 1 - c : c);
  const data = Float32Array.from({ length: I * H * W }, (_, at) => {
    const [c, position] = [Math.floor(at / (H * W)), at % (H * W)];
    return x.data[position * I + channel(c)] as number;
  });
  const { y } = await session.run({ x: tensor('float32', [1, I, H, W], data) });
  const expected = direct(keras, convName, bn, x);
  expect([...(y?.data ?? [])]).toEqual(expected.map((value) => expect.closeTo(value, 3)));
});

test('a missing tensor is named', () => {
  expect(() => foldBatchNorms({})('2a_branch1')).toThrow('hold no float32 tensor "res2a_branch1/kernel"');
});
