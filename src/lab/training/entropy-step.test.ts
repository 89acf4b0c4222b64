import { expect, test } from 'vitest';
import { normalTensors, stepContextOf } from '../../../test/fixtures/step-context.ts';
import { entropyBits, knownWidths, unknownWidth } from '../../core/codec/index.ts';
import { pickTensor, type TensorMap } from '../../core/tensor/index.ts';
import {
  attentionParameters,
  type CompressorShape,
  compressorParameters,
  rateModelParameters,
} from '../networks/index.ts';
import { chunkBits } from './compressor-plan.ts';
import { fitCoding, planPrefixes, symbolsOf } from './entropy-step.ts';

const normal = normalTensors(11);
const shape: CompressorShape = {
  featureShape: [16, 14, 14],
  selectedChannels: [3, 1, 0, 7],
  latentChannels: 6,
  decoderWidth: 5,
};
const elements = 6 * 49;
const count = 12;
const maps = normal([count, ...shape.featureShape]);
maps.data.forEach((value, i) => {
  maps.data[i] = Math.abs(value);
});
const context = await stepContextOf(maps, new Array(count).fill(0), count, { bits: 6, frameBytes: [60, 90, 120] });
const samples = context.set.train;

const tensors: TensorMap = Object.fromEntries([
  ...Object.entries({ ...attentionParameters(16), ...rateModelParameters(6) }).map(
    ([name, size]) => [name, normal(size)] as const,
  ),
  ...Object.entries(compressorParameters(shape)).map(([name, size]) => [name, normal(size, 0.5)] as const),
]);
pickTensor(tensors, 'quantizer/log_gain', 'float32').data.forEach((value, i, gains) => {
  gains[i] = value + 2;
});

test('the plan has a chunk for each size of the recipe, and leaves out what does not fit', async () => {
  expect(chunkBits(context.recipe)).toEqual([8 * (60 - 12 - 5), 8 * 25, 8 * 25]);
  const plan = await planPrefixes(context, shape, tensors);
  expect(plan.chunks).toBe(3);
  const sent = [1, 2, 3].map((chunks) => knownWidths(plan, chunks).filter((width) => width < unknownWidth).length);
  expect(sent[0]).toBeGreaterThan(0);
  expect(sent[1]).toBeGreaterThan(sent[0] as number);
  expect(sent[2]).toBeLessThan(elements);
});

test('tables that were fitted to symbols price them near their own frequencies; what is never sent is 0', async () => {
  const { entropyModel, plan } = await fitCoding(context, shape, tensors);
  const symbols = await symbolsOf(context, shape, tensors, entropyModel, samples);
  expect(symbols.map(({ length }) => length)).toEqual(Array.from({ length: count }, () => elements));
  expect(Math.max(...symbols.map((all) => Math.max(...all)))).toBeLessThanOrEqual(31);
  const widths = knownWidths(plan, plan.chunks);
  let ideal = 0;
  for (let element = 0; element < elements; element++) {
    const counts = new Map<number, number>();
    for (const all of symbols) counts.set(all[element] as number, (counts.get(all[element] as number) ?? 0) + 1);
    for (const times of counts.values()) ideal -= times * Math.log2(times / count);
    if (widths[element] === unknownWidth) expect([...counts.keys()]).toEqual([0]);
  }
  const spent = symbols.reduce((sum, all) => sum + entropyBits(entropyModel, all), 0);
  expect(spent).toBeGreaterThan(ideal);
  // Twelve samples an element are few: half a count for what was not seen weighs.
  expect(spent).toBeLessThan(1.6 * ideal);
});
