import { expect, test } from 'vitest';
import type { ChunkPlan } from '../../core/codec/index.ts';
import { dequantize, knownSymbols, knownWidths, quantizeUnclipped, unknownWidth } from '../../core/codec/index.ts';
import { createRandom } from '../../core/tensor/index.ts';
import { planChunks, resolutionsFor } from './prefix-plan.ts';

const random = createRandom(4);
const spreads = [40, 12, 4, 1.5, 0.4, 0.02];
const latents = Array.from({ length: 4000 }, () => Float32Array.from(spreads, (spread) => spread * random.normal()));

/** Mean squared error of the latents when only the first chunks are sent. */
function errorOf(samples: readonly Float32Array[], plan: ChunkPlan, chunks: number): number {
  const latentShape = [samples[0]?.length ?? 0, 1, 1] as const;
  let error = 0;
  for (const latent of samples) {
    const known = knownSymbols(quantizeUnclipped(latent), plan, chunks);
    dequantize(known, { latentShape, plan }, chunks).data.forEach((value, i) => {
      error += (value - (latent[i] as number)) ** 2;
    });
  }
  return error / samples.length;
}

test('the large elements come first and coarse, refinements later, what is next to nothing never', () => {
  const chunks = Array.from({ length: 10 }, () => 2.5);
  const plan = planChunks(latents, 255, chunks);
  const first = knownWidths(plan, 1);
  expect(first[0]).toBeGreaterThan(8);
  expect(first[0]).toBeLessThan(unknownWidth);
  expect([...first.slice(2)].every((width) => width === unknownWidth)).toBe(true);
  const last = knownWidths(plan, plan.chunks);
  expect([...last.slice(0, 3)]).toEqual([1, 1, 1]);
  expect(last[5]).toBe(unknownWidth);
});

test('each chunk takes away less error than the one before, though all cost the same', () => {
  const plan = planChunks(
    latents,
    255,
    Array.from({ length: 6 }, () => 3),
  );
  const errors = Array.from({ length: plan.chunks + 1 }, (_, chunks) => errorOf(latents, plan, chunks));
  const gains = errors.slice(1).map((error, i) => (errors[i] as number) - error);
  expect(gains.length).toBeGreaterThan(3);
  gains.slice(1).forEach((gain, i) => {
    // Refinements are whole: a chunk may be a little emptier than another.
    expect(gain).toBeLessThan(1.3 * (gains[i] as number));
  });
});

test('falls behind the rate-distortion bound of Gaussian sources by less than 0.4 bits an element', () => {
  // Many elements, so that a refinement more or less does not count.
  const many = spreads.flatMap((spread) => Array.from({ length: 10 }, () => spread));
  const samples = Array.from({ length: 1000 }, () => Float32Array.from(many, (spread) => spread * random.normal()));
  for (const total of [60, 100, 140]) {
    const plan = planChunks(samples, 255, [total]);
    // Reverse water-filling (Cover & Thomas, section 10.3.3) with the same bits.
    const rate = (level: number): number =>
      many.reduce((sum, s) => sum + Math.max(0, Math.log2(s ** 2 / level) / 2), 0);
    let [low, high] = [1e-6, 2000];
    for (let i = 0; i < 100; i++) {
      const middle = Math.sqrt(low * high);
      if (rate(middle) > total) low = middle;
      else high = middle;
    }
    const bound = many.reduce((sum, s) => sum + Math.min(s ** 2, high), 0);
    // A quarter of a bit is what entropy-coded uniform quantization costs; the rest is for steps of two and the dead zone.
    expect(errorOf(samples, plan, 1)).toBeLessThan(bound * 2 ** 0.8);
  }
});

test('as many resolutions as symbols have', () => {
  expect([1, 3, 4, 7, 8, 31].map(resolutionsFor)).toEqual([1, 2, 3, 3, 4, 5]);
});
