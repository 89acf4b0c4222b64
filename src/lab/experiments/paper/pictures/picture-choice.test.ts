import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  bestWithin,
  candidateCodecs,
  chooseForBudget,
  codecsToTest,
  highestQualityWithin,
  meanDivergence,
  type SampledCodec,
  sidesToFill,
  type ValidatedCodec,
} from './picture-choice.ts';
import type { PictureFormat } from './picture-codecs.ts';

const sampled = (side: number, quality: number, meanBytes: number, divergence: number): SampledCodec => ({
  codec: { format: 'webp', side, quality },
  meanBytes,
  divergence,
});

const validated = (format: PictureFormat, quality: number, mean: number, accuracy: number): ValidatedCodec => ({
  codec: { format, side: 112, quality },
  bytes: { mean, max: 2 * mean },
  accuracy,
});

test('candidates: the least divergent of each budget first, then the next sides; never above every budget', () => {
  const all = [
    sampled(112, 10, 400, 0.5),
    sampled(112, 5, 300, 0.9),
    sampled(56, 50, 450, 0.7),
    sampled(224, 1, 900, 0.4),
    sampled(112, 50, 950, 0.1),
    sampled(224, 50, 5000, 0.01),
  ];
  const names = (mostCandidates: number) =>
    candidateCodecs(all, { budgets: [500, 1000], mostCandidates }).map(({ side, quality }) => `${side}/${quality}`);
  expect(names(2)).toEqual(['112/10', '112/50']);
  expect(names(4)).toEqual(['112/10', '112/50', '56/50', '224/1']);
  // 112/5 is of a side that has a better one at each budget, 224/50 fits none.
  expect(names(10)).toEqual(names(4));
});

test('the sides that diverge least where they fill a budget fill it', () => {
  const all = [
    sampled(112, 20, 800, 0.1),
    sampled(112, 10, 200, 0.7),
    sampled(56, 50, 450, 0.3),
    sampled(28, 90, 490, 0.7),
    sampled(224, 1, 900, 0.2),
  ];
  // Halfway from 200 to 800 bytes by their ratio 112 stands at 0.4.
  expect(sidesToFill(all, 400, 3)).toEqual([112]);
  expect(sidesToFill(all, 500, 3)).toEqual([56, 112, 28]);
  // Its sampled quality that fits diverges more than 56 does, what fills the budget less.
  expect(sidesToFill(all, 790, 2)).toEqual([112, 56]);
  expect(sidesToFill(all, 1000, 3)).toEqual([112, 224, 56]);
  expect(sidesToFill(all, 199, 2)).toEqual([]);
});

test('the highest quality within a budget is found in at most seven probes', async () => {
  const steps = fc.array(fc.nat(40), { minLength: 100, maxLength: 100 });
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(3000), async (rises, budget) => {
      const bytes = rises.map((_, i) => rises.slice(0, i + 1).reduce((sum, rise) => sum + rise, 0));
      let probes = 0;
      const found = await highestQualityWithin(budget, async (quality) => {
        probes++;
        return bytes[quality - 1] as number;
      });
      const fitting = bytes.filter((size) => size <= budget).length;
      expect(found).toBe(fitting === 0 ? undefined : fitting);
      expect(probes).toBeLessThanOrEqual(7);
    }),
  );
});

test('the choice goes by validation accuracy and never exceeds the mean bytes of the budget', () => {
  const all = [validated('jpeg', 5, 480, 0.6), validated('webp', 20, 500, 0.7), validated('avif', 30, 501, 0.9)];
  expect(bestWithin(all, 500)?.codec.format).toBe('webp');
  expect(bestWithin(all, 501)?.codec.format).toBe('avif');
  expect(bestWithin(all, 479)).toBeUndefined();
  const equal = [validated('jpeg', 5, 480, 0.7), validated('webp', 5, 470, 0.7)];
  expect(bestWithin(equal, 500)?.codec.format).toBe('webp');
});

test('the test part is read once a codec: the best of every budget, all formats at the compared ones', () => {
  const all = [
    validated('jpeg', 5, 400, 0.5),
    validated('webp', 10, 450, 0.7),
    validated('webp', 40, 900, 0.8),
    validated('avif', 40, 950, 0.75),
  ];
  const choices = [300, 500, 600, 1000].map((budget) => chooseForBudget(all, budget));
  expect(choices.map(({ best }) => best?.codec.quality)).toEqual([undefined, 10, 10, 40]);
  const names = (comparedBudgets: readonly number[]) =>
    codecsToTest(choices, { comparedBudgets }).map(({ format, quality }) => `${format} ${quality}`);
  expect(names([])).toEqual(['webp 10', 'webp 40']);
  expect(names([500])).toEqual(['webp 10', 'jpeg 5', 'webp 40']);
  expect(names([500, 1000])).toEqual(['webp 10', 'jpeg 5', 'webp 40', 'avif 40']);
});

test('the divergence is zero for shifted logits and that of the probabilities otherwise', () => {
  const reference = Float32Array.of(0, Math.log(3), 5, 5);
  expect(meanDivergence(reference, Float32Array.of(2, 2 + Math.log(3), 0, 0), 2)).toBeCloseTo(0, 6);
  const expected = 0.25 * Math.log(0.25 / 0.5) + 0.75 * Math.log(0.75 / 0.5);
  expect(meanDivergence(reference, Float32Array.of(0, 0, 5, 5), 2)).toBeCloseTo(expected / 2, 6);
});
