import { describe, expect, test } from 'vitest';
import { normalTensors, stepContextOf } from '../../../test/fixtures/step-context.ts';
import { pickTensor, type TensorMap } from '../../core/tensor/index.ts';
import type { Value } from '../graph/index.ts';
import {
  attentionParameters,
  type CompressorShape,
  compressorParameters,
  constantParameters,
  encodeFeatures,
  rateModelParameters,
} from '../networks/index.ts';
import { startCompressor } from './compressor-start.ts';
import { forwardMaps } from './forward-maps.ts';

const [channels, count] = [16, 24];
const shape: CompressorShape = {
  featureShape: [channels, 14, 14],
  selectedChannels: Array.from({ length: channels }, (_, i) => channels - 1 - i),
  latentChannels: 48,
  decoderWidth: 3,
};
const normal = normalTensors(8);
const maps = normal([count, ...shape.featureShape]);
maps.data.forEach((value, i) => {
  // Most values are 0, as behind a ReLU, and the others far from 1.
  maps.data[i] = 20 * Math.max(0, value - 0.8);
});
const context = await stepContextOf(maps, new Array(count).fill(0), count, { start: 'random', frameBytes: [250, 500] });
const attention: TensorMap = Object.fromEntries(
  Object.entries(attentionParameters(channels)).map(([name, size]) => [name, normal(size)]),
);
const startWith = (recipe: Partial<typeof context.recipe>, changed: Partial<CompressorShape> = {}) =>
  startCompressor({ ...context, recipe: { ...context.recipe, ...recipe } }, { ...shape, ...changed }, attention);

/** Latents of all samples in the feature map's units: what enters the quantizer, with the gains taken off. */
async function latentsOf(tensors: TensorMap): Promise<number[]> {
  const [logGain = 0] = pickTensor(tensors, 'quantizer/log_gain', 'float32').data;
  const latents: number[] = [];
  await forwardMaps(
    context,
    context.set.train,
    (map: Value) => ({ latent: encodeFeatures(map, shape, constantParameters(map.graph, tensors)) }),
    (outputs) => {
      for (const value of pickTensor(outputs, 'latent', 'float32').data) latents.push(value / Math.exp(logGain));
    },
  );
  return latents;
}

describe('a random start', () => {
  test('gives latents of a mean square near 1, however large the features are', async () => {
    const latents = await latentsOf(await startWith({}));
    expect(latents).toHaveLength(count * 48 * 49);
    const meanSquare = latents.reduce((sum, value) => sum + value ** 2, 0) / latents.length;
    expect(meanSquare).toBeGreaterThan(0.8);
    expect(meanSquare).toBeLessThan(1.25);
  });

  test('follows the seed', async () => {
    const [first, same, other] = [
      await startWith({ seed: 1 }),
      await startWith({ seed: 1 }),
      await startWith({ seed: 2 }),
    ];
    expect(same).toEqual(first);
    for (const name of ['encoder/weights', 'decoder/linear/weights', 'decoder/hidden/weights']) {
      expect(other[name]).not.toEqual(first[name]);
    }
  });

  test('is another than the closed form, which follows the samples and not the seed', async () => {
    const closed = await startWith({ start: 'closed-form', seed: 1 });
    const hidden = { 'decoder/hidden/weights': closed['decoder/hidden/weights'] };
    const other = await startWith({ start: 'closed-form', seed: 2 });
    expect({ ...other, ...hidden }).toEqual(closed);
    expect(other).not.toEqual(closed);
    expect((await startWith({ seed: 1 }))['encoder/weights']).not.toEqual(closed['encoder/weights']);
  });
});

test.for(['random', 'closed-form'] as const)(
  'a %s start has all parameters of its shape and no others',
  async (start) => {
    for (const decoderWidth of [0, 3]) {
      const tensors = await startWith({ start }, { decoderWidth });
      const shapes = Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, t.shape]));
      expect(shapes).toEqual({ ...compressorParameters({ ...shape, decoderWidth }), ...rateModelParameters(48) });
      expect(Object.keys(tensors).some((name) => /hidden|output/.test(name))).toBe(decoderWidth > 0);
      for (const t of Object.values(tensors))
        expect(t.data.every((value) => Number.isFinite(Number(value)))).toBe(true);
    }
  },
);
