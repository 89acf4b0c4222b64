import { expect, test } from 'vitest';
import { normalTensors, stepContextOf } from '../../../test/fixtures/step-context.ts';
import { entropyBits } from '../../core/codec/index.ts';
import { elementCount, pickTensor, type TensorMap } from '../../core/tensor/index.ts';
import { createGraph, input, output } from '../graph/index.ts';
import {
  applyGates,
  attentionGates,
  attentionParameters,
  type CompressorShape,
  compressorParameters,
  constantParameters,
  decodeFeatures,
  encodeFeatures,
  rateModelParameters,
} from '../networks/index.ts';
import { fitEntropy, orderLatentChannels, symbolsOf } from './entropy-step.ts';
import { forwardRows } from './forward.ts';

const normal = normalTensors(11);
const shape: CompressorShape = {
  featureShape: [16, 14, 14],
  selectedChannels: [3, 1, 0, 7],
  latentChannels: 6,
  decoderWidth: 5,
};
const count = 12;
const maps = normal([count, ...shape.featureShape]);
maps.data.forEach((value, i) => {
  maps.data[i] = Math.abs(value);
});
const context = await stepContextOf(maps, new Array(count).fill(0), count);
const samples = context.set.train;

const tensors: TensorMap = Object.fromEntries([
  ...Object.entries({ ...attentionParameters(16), ...rateModelParameters(6) }).map(
    ([name, size]) => [name, normal(size)] as const,
  ),
  ...Object.entries(compressorParameters(shape)).map(([name, size]) => [name, normal(size, 0.5)] as const),
]);

/** The whole compressor without rounding: restored maps of all samples. */
function restored(parameters: TensorMap): Promise<Float32Array> {
  const graph = createGraph('compressor');
  const values = constantParameters(graph, parameters);
  const maps = input(graph, 'maps', 'float32', ['N', ...shape.featureShape]);
  const latent = encodeFeatures(applyGates(maps, attentionGates(maps, values)), shape, values);
  output('restored', decodeFeatures(latent, shape, values));
  return forwardRows({
    runtime: context.runtime,
    graph,
    samples,
    batchSize: 8,
    inputs: async (batch) => ({ maps: await context.set.features.readMaps(batch) }),
    outputName: 'restored',
    width: elementCount(shape.featureShape),
  });
}

test('ordering the latent channels leaves the restored map as it was', async () => {
  const ordered = await orderLatentChannels(context, shape, tensors);
  expect(Object.keys(ordered)).toEqual(Object.keys(tensors));
  expect(ordered['encoder/bias']).not.toEqual(tensors['encoder/bias']);
  const [before, after] = [await restored(tensors), await restored(ordered)];
  expect(Math.max(...before)).toBeGreaterThan(1);
  const differences = before.map((value, i) => Math.abs((after[i] as number) - value));
  expect(Math.max(...differences) / Math.max(...before)).toBeLessThan(1e-5);
  // What is in order stays in order.
  expect(await orderLatentChannels(context, shape, ordered)).toEqual(ordered);
});

test('the first channels are those that add most to the restored map', async () => {
  const ordered = await orderLatentChannels(context, shape, tensors);
  const decoder = pickTensor(ordered, 'decoder/linear/weights', 'float32');
  const gains = pickTensor(ordered, 'quantizer/log_gain', 'float32').data;
  const entropy = await fitEntropy(context, shape, ordered);
  const energies = new Float64Array(6);
  for (const symbols of await symbolsOf(context, shape, ordered, entropy, samples)) {
    symbols.forEach((symbol, i) => {
      energies[Math.floor(i / 49)] = (energies[Math.floor(i / 49)] as number) + symbol ** 2;
    });
  }
  const importance = [...energies].map((energy, channel) => {
    const column = decoder.data.filter((_, i) => i % 6 === channel).map((w) => w / Math.exp(gains[channel] as number));
    return energy * column.reduce((sum, w) => sum + w * w, 0);
  });
  expect([...importance].sort((a, b) => b - a)).toEqual(importance);
});

test('tables that were fitted to symbols price them near their own frequencies', async () => {
  const entropy = await fitEntropy(context, shape, tensors);
  const symbols = await symbolsOf(context, shape, tensors, entropy, samples);
  expect(symbols.map(({ length }) => length)).toEqual(Array.from({ length: count }, () => 6 * 49));
  expect(Math.max(...symbols.map((all) => Math.max(...all)))).toBeLessThanOrEqual(31);
  const spent = symbols.reduce((sum, all) => sum + entropyBits(entropy, all), 0);
  let ideal = 0;
  for (let channel = 0; channel < 6; channel++) {
    const counts = new Map<number, number>();
    for (const all of symbols) {
      for (const symbol of all.subarray(channel * 49, (channel + 1) * 49))
        counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    }
    for (const times of counts.values()) ideal -= times * Math.log2(times / (49 * count));
  }
  expect(spent).toBeGreaterThan(ideal);
  expect(spent).toBeLessThan(1.1 * ideal);
});
