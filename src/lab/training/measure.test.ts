import { expect, test } from 'vitest';
import {
  createRandom,
  elementCount,
  type Shape,
  type Tensor,
  type TensorMap,
  tensor,
} from '../../core/tensor/index.ts';
import { encodeFrame } from '../../core/wire/index.ts';
import { createNodeRuntime } from '../../runtime/node.ts';
import type { FeatureCache } from '../datasets/index.ts';
import { createGraph, input, output, reduceMean, type Value } from '../graph/index.ts';
import {
  attentionParameters,
  type CompressorShape,
  compressorParameters,
  constantParameters,
  decodeFeatures,
} from '../networks/index.ts';
import { rankChannels } from './attention-step.ts';
import { chunkPlan } from './compressor-plan.ts';
import { fitEntropy, symbolsOf } from './entropy-step.ts';
import { forwardRows } from './forward.ts';
import { measureCurve } from './measure.ts';
import { defaultRecipe } from './recipe.ts';
import type { StepContext } from './step-context.ts';
import { argmaxRows } from './training-set.ts';

const [channels, count] = [16, 24];
const shape: CompressorShape = {
  featureShape: [channels, 7, 7],
  selectedChannels: Array.from({ length: channels }, (_, i) => i),
  latentChannels: 24,
  decoderWidth: 4,
};
const random = createRandom(5);
const normal = (size: Shape, deviation: number): Tensor<'float32'> =>
  tensor(
    'float32',
    size,
    Float32Array.from({ length: elementCount(size) }, () => deviation * random.normal()),
  );

const maps = normal([count, channels, 7, 7], 1).data.map(
  (value, i) =>
    // The last samples, the validation part, are of another size.
    Math.abs(value) * (i < 16 * channels * 49 ? 1 : 3),
);
const features: FeatureCache = {
  count,
  mapShape: shape.featureShape,
  pooled: new Float32Array(count),
  async readMaps(samples) {
    const size = channels * 49;
    const read = samples.flatMap((sample) => [...maps.subarray(sample * size, (sample + 1) * size)]);
    return tensor('float32', [samples.length, channels, 7, 7], Float32Array.from(read));
  },
  async close() {},
  async [Symbol.asyncDispose]() {},
};
const sample = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const context: StepContext = {
  set: {
    features,
    labels: Int32Array.from({ length: count }, (_, i) => (i * 7) % channels),
    classes: channels,
    train: sample(0, 16),
    validation: sample(16, count),
  },
  split: 'conv5_x',
  folded: () => {
    throw new Error('no backbone here');
  },
  recipe: { ...defaultRecipe, split: 'conv5_x', bits: 3, selectedChannels: channels },
  runtime: await createNodeRuntime({ worker: false, threads: 1 }),
  checkpoint: {
    load: async () => undefined,
    save: async () => undefined,
    loadPartial: async () => undefined,
    savePartial: async () => undefined,
  },
};
const tensors: TensorMap = Object.fromEntries([
  ...Object.entries(attentionParameters(channels)).map(([name, size]) => [name, normal(size, 0.5)] as const),
  ...Object.entries(compressorParameters(shape)).map(([name, size]) => [name, normal(size, 0.3)] as const),
]);
/** A tail of one class a channel: its mean. */
const tail = { logits: (map: Value) => reduceMean(map, [2, 3], 0) };

test('channels are ranked by their mean gate over the training part', async () => {
  const { order, meanGates } = await rankChannels(context, tensors);
  const weights = (name: string) => tensors[`attention/${name}`]?.data as Float32Array;
  const branch = (pooled: number[], channel: number): number => {
    const hidden = pooled.reduce((sum, x, c) => sum + x * (weights('reduce/weights')[c] as number), 0);
    const relu = Math.max(0, hidden + (weights('reduce/bias')[0] as number));
    return relu * (weights('expand/weights')[channel] as number) + (weights('expand/bias')[channel] as number);
  };
  const expected = Array.from({ length: channels }, (_, channel) => {
    const gates = context.set.train.map((i) => {
      const planes = Array.from({ length: channels }, (_, c) =>
        maps.subarray((i * channels + c) * 49, (i * channels + c + 1) * 49),
      );
      const mean = planes.map((plane) => plane.reduce((a, b) => a + b, 0) / 49);
      const max = planes.map((plane) => Math.max(...plane));
      return 1 / (1 + Math.exp(-branch(mean, channel) - branch(max, channel)));
    });
    return gates.reduce((a, b) => a + b, 0) / gates.length;
  });
  expected.forEach((gate, channel) => {
    expect(meanGates[channel]).toBeCloseTo(gate, 5);
  });
  expect(order).toEqual(sample(0, channels).sort((a, b) => (expected[b] as number) - (expected[a] as number)));
});

test('a point of the curve is what the frames cut to so many chunks decode to', async () => {
  const { validation, labels } = context.set;
  const entropy = await fitEntropy(context, shape, tensors);
  // A rival answer that differs from sample to sample: agreement is with it, accuracy with the labels.
  const rival = validation.map((_, i) => (i % 2 === 0 ? 0 : 5));
  const uncompressed = Float32Array.from({ length: validation.length * channels }, (_, i) =>
    rival[Math.floor(i / channels)] === i % channels ? 1 : 0,
  );
  const curve = await measureCurve(context, { shape, tensors, entropy, tail }, [1, 2], uncompressed);

  const chunks = chunkPlan(shape.latentChannels);
  expect(chunks).toEqual([16, 8]);
  const symbols = await symbolsOf(context, shape, tensors, entropy, validation);
  const graph = createGraph('edge');
  const latent = input(graph, 'latent', 'float32', ['N', 24, 7, 7]);
  output('logits', tail.logits(decodeFeatures(latent, shape, constantParameters(graph, tensors))));
  for (const [i, sentChannels] of [16, 24].entries()) {
    const logits = await forwardRows({
      runtime: context.runtime,
      graph,
      samples: validation.map((_, row) => row),
      batchSize: 3,
      inputs: (rows) => {
        const sent = rows.map((row) => (symbols[row] as Int16Array).map((s, at) => (at < sentChannels * 49 ? s : 0)));
        return { latent: tensor('float32', [rows.length, 24, 7, 7], Float32Array.from(sent.flatMap((s) => [...s]))) };
      },
      outputName: 'logits',
      width: channels,
    });
    const top = argmaxRows(logits, channels);
    const point = curve[i];
    const share = (right: (row: number) => boolean) =>
      validation.filter((_, row) => right(row)).length / validation.length;
    expect(point).toMatchObject({
      chunks: i + 1,
      accuracy: share((row) => top[row] === labels[validation[row] as number]),
      agreement: share((row) => top[row] === rival[row]),
    });
  }
  const frameModel = { modelId: '000000000000', chunks, latentShape: [24, 7, 7] as const, entropyModel: entropy };
  const sizes = symbols.map((all) => encodeFrame(all, frameModel).length);
  expect(curve[1]?.frameBytes).toEqual({
    mean: sizes.reduce((a, b) => a + b, 0) / sizes.length,
    max: Math.max(...sizes),
  });
  expect(curve[0]?.frameBytes.max).toBeLessThan(Math.min(...sizes));
});
