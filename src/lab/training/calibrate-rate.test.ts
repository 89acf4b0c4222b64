import { expect, test } from 'vitest';
import { normalTensors, stepContextOf } from '../../../test/fixtures/step-context.ts';
import { elementCount, pickTensor, type TensorMap, tensor, zeros } from '../../core/tensor/index.ts';
import { createGraph, input, output } from '../graph/index.ts';
import { attentionParameters, type CompressorShape, constantParameters, decodeFeatures } from '../networks/index.ts';
import { calibrateRate } from './calibrate-rate.ts';
import { startCompressor } from './compressor-start.ts';
import { fitEntropy } from './entropy-step.ts';
import { forwardRows } from './forward.ts';
import { makeFrames } from './measure.ts';
import type { StepContext } from './step-context.ts';

const [channels, count] = [16, 32];
const shape: CompressorShape = {
  featureShape: [channels, 7, 7],
  selectedChannels: Array.from({ length: channels }, (_, i) => i),
  latentChannels: channels,
  decoderWidth: 0,
};
const maps = normalTensors(3)([count, ...shape.featureShape]);
maps.data.forEach((value, i) => {
  // Later channels are larger: latent channels get unequal shares of the bits.
  maps.data[i] = Math.abs(value) * (1 + (Math.floor(i / 49) % channels));
});
const context = await stepContextOf(maps, new Array(count).fill(0), count, {
  selectedChannels: channels,
  latentChannels: channels,
  frameBytes: 300,
  // Wide enough that no symbol is clipped.
  bits: 10,
});
const aimingAt = (frameBytes: number): StepContext => ({ ...context, recipe: { ...context.recipe, frameBytes } });

/** Gates that are half open everywhere. */
const attention: TensorMap = Object.fromEntries(
  Object.entries(attentionParameters(channels)).map(([name, size]) => [name, zeros('float32', size)]),
);
const start: TensorMap = { ...attention, ...(await startCompressor(context, shape, attention)) };

const plus = (tensors: TensorMap, name: string, offset: number) => {
  const { shape: size, data } = pickTensor(tensors, name, 'float32');
  return tensor(
    'float32',
    size,
    data.map((value, i) => value + offset + i / 50),
  );
};
/** The start with other gains and a rate model that is not at rest. */
const withGains = (factor: number): TensorMap => ({
  ...start,
  'quantizer/log_gain': plus(start, 'quantizer/log_gain', Math.log(factor)),
  'rate/mean': plus(start, 'rate/mean', 0.5),
});

async function framesOf(tensors: TensorMap) {
  const entropy = await fitEntropy(context, shape, tensors);
  const tail = {
    logits: () => {
      throw new Error('no tail here');
    },
  };
  const { frames, symbols } = await makeFrames(context, { shape, tensors, entropy, tail }, context.set.train);
  return { symbols, meanBytes: frames.reduce((sum, frame) => sum + frame.length, 0) / frames.length };
}

/** Root of the mean squared error of the maps that the decoder restores from symbols. */
async function restoredError(tensors: TensorMap): Promise<number> {
  const { symbols } = await framesOf(tensors);
  const graph = createGraph('decoder');
  const latent = input(graph, 'latent', 'float32', ['N', channels, 7, 7]);
  output('restored', decodeFeatures(latent, shape, constantParameters(graph, tensors)));
  const restored = await forwardRows({
    runtime: context.runtime,
    graph,
    samples: context.set.train,
    batchSize: count,
    inputs: (batch) => ({
      latent: tensor(
        'float32',
        [batch.length, channels, 7, 7],
        Float32Array.from(batch.flatMap((i) => [...(symbols[i] as Int16Array)])),
      ),
    }),
    outputName: 'restored',
    width: elementCount(shape.featureShape),
  });
  return Math.sqrt(
    restored.reduce((sum, value, i) => sum + (value - (maps.data[i] as number)) ** 2, 0) / restored.length,
  );
}

test('frames have the mean size asked for, whether steps were too coarse or too fine', async () => {
  const found = [];
  for (const factor of [1 / 3, 3]) {
    const before = (await framesOf(withGains(factor))).meanBytes;
    expect(Math.abs(before / 300 - 1)).toBeGreaterThan(0.3);
    const calibrated = await calibrateRate(context, shape, withGains(factor));
    const { meanBytes } = await framesOf(calibrated);
    expect(meanBytes / 300).toBeGreaterThan(0.97);
    expect(meanBytes / 300).toBeLessThan(1.03);
    found.push(pickTensor(calibrated, 'quantizer/log_gain', 'float32').data[0]);
  }
  // Both ways lead to the same steps, up to the last interval of the search.
  expect(found[0]).toBeCloseTo(found[1] as number, 2);
});

test('a larger frame restores the feature map better', async () => {
  const errors = [];
  for (const frameBytes of [150, 250, 350, 450]) {
    errors.push(await restoredError(await calibrateRate(aimingAt(frameBytes), shape, start)));
  }
  // Another 100 bytes are one bit for each of the 784 symbols: half the error.
  for (let i = 1; i < errors.length; i++) expect(errors[i]).toBeLessThan(0.7 * (errors[i - 1] as number));
});

test('all steps change by the same factor, the rate model with them, and nothing else', async () => {
  const before = withGains(1 / 3);
  const copy = structuredClone(before);
  const after = await calibrateRate(context, shape, before);
  expect(before).toEqual(copy);
  expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
  const data = (tensors: TensorMap, name: string) => [...pickTensor(tensors, name, 'float32').data];
  const change = (name: string) => {
    const was = data(before, name);
    return data(after, name).map((value, i) => value - (was[i] as number));
  };
  const [logFactor = 0] = change('quantizer/log_gain');
  expect(logFactor).toBeGreaterThan(0.5);
  for (const name of ['quantizer/log_gain', 'rate/log_scale']) {
    for (const changed of change(name)) expect(changed).toBeCloseTo(logFactor, 5);
  }
  const means = data(before, 'rate/mean');
  data(after, 'rate/mean').forEach((mean, i) => {
    expect(mean / (means[i] as number)).toBeCloseTo(Math.exp(logFactor), 4);
  });
  for (const name of Object.keys(before)) {
    if (!/^(quantizer|rate)\//.test(name)) expect(after[name]).toBe(before[name]);
  }
});
