import { beforeAll, describe, expect, test } from 'vitest';
import { largestGradientError, normals, positives } from '../../../test/fixtures/gradient-check.ts';
import { createRandom, pickTensor, type Tensor, type TensorMap, tensor } from '../../core/tensor/index.ts';
import { createNodeRuntime } from '../../runtime/node.ts';
import { batchNormTraining } from '../autodiff/index.ts';
import { conv, convTranspose, createGraph, type Graph, input, output, serializeGraph } from '../graph/index.ts';
import {
  type BottlenetShape,
  batchNormEpsilon,
  bottlenetParameters,
  bottlenetShape,
  decodeBottlenet,
  decoderConvolution,
  encodeBottlenet,
  encoderConvolution,
  initialBottlenet,
  latentShapeOf,
  populationNormalization,
} from './bottlenet.ts';
import { constantParameters } from './parameters.ts';

let runtime: Awaited<ReturnType<typeof createNodeRuntime>>;
beforeAll(async () => {
  runtime = await createNodeRuntime({ worker: false, threads: 1 });
});

async function run(graph: Graph, inputs: TensorMap) {
  await using session = await runtime.createSession(serializeGraph(graph));
  return session.run(inputs);
}

const shrinking: BottlenetShape = { featureShape: [3, 6, 4], latentChannels: 5, shrink: true };
const plain: BottlenetShape = { featureShape: [2, 3, 3], latentChannels: 2, shrink: false };

describe('bottlenetShape', () => {
  test.each([
    ['conv2_x', 12_544, [64, 14, 14]],
    ['conv3_x', 6272, [128, 7, 7]],
    ['conv4_x', 3136, [64, 7, 7]],
    ['conv5_x', 1568, [32, 7, 7]],
    ['conv2_x', 1200, [6, 14, 14]],
    ['conv3_x', 1200, [24, 7, 7]],
    ['conv4_x', 1200, [24, 7, 7]],
    ['conv5_x', 1200, [24, 7, 7]],
  ] as const)('%s in %i bytes has a latent of %j', (split, bytes, latentShape) => {
    expect(latentShapeOf(bottlenetShape(split, bytes))).toEqual(latentShape);
  });

  test('refuses a budget that holds no channel, and a map that cannot be halved', () => {
    expect(() => bottlenetShape('conv2_x', 195)).toThrow(/195 bytes/);
    expect(() => latentShapeOf({ ...plain, shrink: true })).toThrow(/3x3/);
  });
});

test('the shrinking encoder is a 2x2 convolution of stride 2 with the same weights', async () => {
  const parameters = initialBottlenet(shrinking, createRandom(1));
  const weights = pickTensor(parameters, 'encoder/weights', 'float32');
  const graph = createGraph('encoder');
  const maps = input(graph, 'maps', 'float32', [2, 3, 6, 4]);
  output('made', encoderConvolution(maps, shrinking, constantParameters(graph, parameters)));
  const window = input(graph, 'window', 'float32', [5, 3, 2, 2]);
  output('plain', conv(maps, window, undefined, { strides: [2, 2] }));
  const found = await run(graph, {
    maps: normals([2, 3, 6, 4]),
    window: tensor('float32', [5, 3, 2, 2], weights.data),
  });
  expectClose(pickTensor(found, 'made', 'float32'), pickTensor(found, 'plain', 'float32'));
});

test('the growing decoder is a transposed 2x2 convolution of stride 2', async () => {
  const parameters = initialBottlenet(shrinking, createRandom(2));
  const weights = pickTensor(parameters, 'decoder/weights', 'float32').data;
  // From [C 2 2, k] to ConvTranspose's [k, C, 2, 2].
  const turned = Float32Array.from(weights, (_, i) => weights[(i % 12) * 5 + Math.floor(i / 12)] as number);
  const graph = createGraph('decoder');
  const latent = input(graph, 'latent', 'float32', [2, 5, 3, 2]);
  output('made', decoderConvolution(latent, shrinking, constantParameters(graph, parameters)));
  const window = input(graph, 'window', 'float32', [5, 3, 2, 2]);
  output('plain', convTranspose(latent, window, undefined, { strides: [2, 2] }));
  const found = await run(graph, { latent: normals([2, 5, 3, 2]), window: tensor('float32', [5, 3, 2, 2], turned) });
  expectClose(pickTensor(found, 'made', 'float32'), pickTensor(found, 'plain', 'float32'));
});

test('population statistics of one batch normalize as that batch does in training', async () => {
  const graph = createGraph('norms');
  const x = input(graph, 'x', 'float32', [4, 3, 2, 2]);
  const [gamma, beta] = [positives([3], 5), normals([3], 6)];
  const values = constantParameters(graph, { gamma, beta });
  const training = batchNormTraining(x, values('gamma'), values('beta'), batchNormEpsilon);
  const population = populationNormalization((name) =>
    name === 'encoder/mean'
      ? training.mean
      : name === 'encoder/variance'
        ? training.variance
        : values(name.replace('encoder/', '')),
  );
  output('training', training.y);
  output('population', population(x, 'encoder'));
  const found = await run(graph, { x: normals([4, 3, 2, 2], 4) });
  expectClose(pickTensor(found, 'population', 'float32'), pickTensor(found, 'training', 'float32'));
});

test.each([
  ['shrinking', { ...shrinking, featureShape: [2, 4, 2], latentChannels: 2 } satisfies BottlenetShape],
  ['plain', plain],
])('gradients of a %s network without its rounding are those of differences', async (_, shape) => {
  const drawn = initialBottlenet(shape, createRandom(3));
  const parameters = Object.fromEntries(
    Object.keys(bottlenetParameters(shape)).map((name) => [name, pickTensor(drawn, name, 'float32')]),
  );
  const error = await largestGradientError(runtime, {
    inputs: {
      ...parameters,
      // Far enough from the decoder's ReLU that no difference steps over its kink.
      'decoder/beta': tensor('float32', [2], Float32Array.of(4, 5)),
      maps: normals([3, ...shape.featureShape], 8),
    },
    build: ({ maps, ...values }) => {
      if (maps === undefined) throw new Error('no maps');
      const of = (name: string) => {
        const value = values[name];
        if (value === undefined) throw new Error(`no ${name}`);
        return value;
      };
      const normalize: Parameters<typeof encodeBottlenet>[3] = (x, part) =>
        batchNormTraining(x, of(`${part}/gamma`), of(`${part}/beta`), batchNormEpsilon).y;
      return decodeBottlenet(encodeBottlenet(maps, shape, of, normalize), shape, of, normalize);
    },
  });
  expect(error).toBeLessThan(1e-2);
});

function expectClose(found: Tensor<'float32'>, expected: Tensor<'float32'>): void {
  expect(found.shape).toEqual(expected.shape);
  expect(Math.max(...expected.data)).toBeGreaterThan(0.1);
  found.data.forEach((value, i) => {
    expect(value).toBeCloseTo(expected.data[i] as number, 5);
  });
}
