import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createRandom,
  elementCount,
  pickTensor,
  type Shape,
  type TensorMap,
  tensor,
  zeros,
} from '../../core/tensor/index.ts';
import { createNodeRuntime } from '../../runtime/node.ts';
import { createGraph, type Graph, input, output, serializeGraph } from '../graph/index.ts';
import {
  type CompressorShape,
  compressorParameters,
  decodeFeatures,
  depthToSpace,
  encodeFeatures,
  encoderInput,
  patchSize,
  spaceToDepth,
} from './compressor.ts';
import { constantParameters } from './parameters.ts';
import { toFrequencies } from './spatial-transform.ts';

const runtime = await createNodeRuntime({ worker: false });

async function run(graph: Graph, inputs: TensorMap) {
  await using session = await runtime.createSession(serializeGraph(graph));
  return session.run(inputs);
}

function normal(shape: Shape, seed: number) {
  const random = createRandom(seed);
  return tensor(
    'float32',
    shape,
    Float32Array.from({ length: elementCount(shape) }, () => random.normal()),
  );
}

test('depthToSpace undoes spaceToDepth, whose channels are (c * p + y) * p + x', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ n: fc.nat(2), c: fc.nat(3), h: fc.nat(2), w: fc.nat(2), patch: fc.integer({ min: 1, max: 4 }) }),
      async ({ n, c, h, w, patch }) => {
        const shape = [n + 1, c + 1, (h + 1) * patch, (w + 1) * patch] as const;
        const graph = createGraph('patches');
        const x = input(graph, 'x', 'float32', ['N', ...shape.slice(1)]);
        const deep = spaceToDepth(x, patch);
        output('deep', deep);
        output('back', depthToSpace(deep, patch));
        const maps = normal(shape, 1);
        const { deep: found, back } = await run(graph, { x: maps });
        expect(back).toEqual(maps);
        expect(found?.shape).toEqual([n + 1, (c + 1) * patch * patch, h + 1, w + 1]);
        // The last element of the map: last channel, last position of the last patch.
        expect(found?.data.at(-1)).toBe(maps.data.at(-1));
        // Second column of the first row: channel 1 of the first patch.
        if (patch > 1) expect(found?.data[(h + 1) * (w + 1)]).toBe(maps.data[1]);
      },
    ),
    { numRuns: 25 },
  );
});

test('only the selected channels enter, in their order', async () => {
  const shape: CompressorShape = {
    featureShape: [4, 7, 7],
    selectedChannels: [2, 0],
    latentChannels: 3,
    decoderWidth: 5,
  };
  const graph = createGraph('selection');
  output('selected', encoderInput(input(graph, 'x', 'float32', ['N', 4, 7, 7]), shape));
  const maps = normal([1, 4, 7, 7], 2);
  const { selected } = await run(graph, { x: maps });
  expect(selected?.shape).toEqual([1, 2, 7, 7]);
  expect(selected?.data.slice(0, 49)).toEqual(maps.data.slice(98, 147));
  expect(selected?.data.slice(49)).toEqual(maps.data.slice(0, 49));
});

test('the latent is in units of the step: gains scale it, and the decoder takes them off again', async () => {
  const shape: CompressorShape = {
    featureShape: [3, 14, 14],
    selectedChannels: [0, 1, 2],
    latentChannels: 4,
    decoderWidth: 5,
  };
  const tensors: Record<string, ReturnType<typeof normal>> = {};
  for (const [name, size] of Object.entries(compressorParameters(shape))) tensors[name] = normal(size, name.length);
  const results = [];
  for (const logGain of [0, 1.5]) {
    const graph = createGraph('compressor');
    const gain = tensor('float32', [4, 7, 7], new Float32Array(4 * 49).fill(logGain));
    const parameters = constantParameters(graph, { ...tensors, 'quantizer/log_gain': gain });
    const latent = encodeFeatures(input(graph, 'x', 'float32', ['N', 3, 14, 14]), shape, parameters);
    output('latent', latent);
    output('restored', decodeFeatures(latent, shape, parameters));
    results.push(await run(graph, { x: normal([2, 3, 14, 14], 9) }));
  }
  const [plain, scaled] = results.map((outputs) => ({
    latent: pickTensor(outputs, 'latent', 'float32'),
    restored: pickTensor(outputs, 'restored', 'float32'),
  }));
  if (plain === undefined || scaled === undefined) throw new Error('two results');
  expect(plain.latent.shape).toEqual([2, 4, 7, 7]);
  expect(plain.restored.shape).toEqual([2, 3, 14, 14]);
  plain.latent.data.forEach((value, i) => {
    expect(scaled.latent.data[i]).toBeCloseTo(value * Math.exp(1.5), 3);
  });
  plain.restored.data.forEach((value, i) => {
    expect(scaled.restored.data[i]).toBeCloseTo(value, 3);
  });
  expect(plain.restored.data.some((value) => value > 0)).toBe(true);
  expect(plain.restored.data.every((value) => value >= 0)).toBe(true);
});

test('a decoder of width 0 has no branch: it is a linear map and a ReLU', async () => {
  const shape: CompressorShape = {
    featureShape: [3, 14, 14],
    selectedChannels: [0, 1, 2],
    latentChannels: 4,
    decoderWidth: 0,
  };
  const sizes = compressorParameters(shape);
  expect(Object.keys(sizes)).toEqual([
    'encoder/weights',
    'encoder/bias',
    'quantizer/log_gain',
    'decoder/linear/weights',
    'decoder/bias',
  ]);
  const tensors = {
    ...Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, normal(size, name.length)])),
    'quantizer/log_gain': zeros('float32', [4, 7, 7]),
  };
  const graph = createGraph('decoder');
  const positions = normal([1, 4, 7, 7], 6);
  output(
    'restored',
    // A gain of 0 and frequencies of what is given: the decoder sees the positions themselves.
    decodeFeatures(
      toFrequencies(input(graph, 'positions', 'float32', ['N', 4, 7, 7])),
      shape,
      constantParameters(graph, tensors),
    ),
  );
  const restored = pickTensor(await run(graph, { positions }), 'restored', 'float32');
  const [weights, bias] = ['decoder/linear/weights', 'decoder/bias'].map(
    (name) => pickTensor(tensors, name, 'float32').data,
  ) as [Float32Array, Float32Array];
  expect(restored.shape).toEqual([1, 3, 14, 14]);
  restored.data.forEach((value, i) => {
    const [channel, y, x] = [Math.floor(i / 196), Math.floor(i / 14) % 14, i % 14];
    const row = channel * 4 + (y % 2) * 2 + (x % 2);
    const position = Math.floor(y / 2) * 7 + Math.floor(x / 2);
    const linear = [0, 1, 2, 3].reduce(
      (sum, k) => sum + (weights[row * 4 + k] as number) * (positions.data[k * 49 + position] as number),
      bias[row] as number,
    );
    expect(value).toBeCloseTo(Math.max(0, linear), 4);
  });
});

test('feature maps that do not divide into 7 x 7 patches are refused', () => {
  expect(patchSize({ featureShape: [8, 28, 28] })).toBe(4);
  expect(() => patchSize({ featureShape: [8, 20, 20] })).toThrow('a multiple of 7, got 20x20');
  expect(() => patchSize({ featureShape: [8, 7, 14] })).toThrow('must be square');
});
