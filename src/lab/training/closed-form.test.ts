import { expect, test } from 'vitest';
import { createRandom, type RandomSource } from '../../core/tensor/index.ts';
import { emptyMoments, type LinearStart, linearStart, type Moments, stepSizeForRate } from './closed-form.ts';

const matrix = (rows: number, columns: number, random: RandomSource): number[][] =>
  Array.from({ length: rows }, () => Array.from({ length: columns }, () => random.normal()));

const times = (m: readonly (readonly number[])[], v: readonly number[]): number[] =>
  m.map((row) => row.reduce((sum, value, i) => sum + value * (v[i] as number), 0));

/** Rows of x and of y = B A x + offset (+ noise), and their moments. */
function planted(
  random: RandomSource,
  { inputs = 12, targets = 20, rank = 3, rows = 400, noise = 0, offset = 0 } = {},
) {
  const [a, b] = [matrix(rank, inputs, random), matrix(targets, rank, random)];
  const xs = matrix(rows, inputs, random).map((x) => x.map((value, i) => value * (1 + i) + i + offset));
  const ys = xs.map((x) => times(b, times(a, x)).map((value, i) => value + 5 - i + noise * random.normal()));
  const moments = emptyMoments(inputs, targets);
  moments.rows = rows;
  const add = (into: Float64Array, left: readonly number[], right: readonly number[]) =>
    left.forEach((l, i) => {
      right.forEach((r, j) => {
        const at = i * right.length + j;
        into[at] = (into[at] as number) + l * r;
      });
    });
  xs.forEach((x, row) => {
    const y = ys[row] as number[];
    add(moments.sumX, [1], x);
    add(moments.sumY, [1], y);
    add(moments.sumXX, x, x);
    add(moments.sumXY, x, y);
  });
  return { xs, ys, moments };
}

const encode = ({ encoderWeights, encoderBias }: LinearStart, x: readonly number[]): number[] =>
  [...encoderBias.data].map((bias, k) =>
    x.reduce((sum, value, i) => sum + value * (encoderWeights.data[k * x.length + i] as number), bias),
  );

function decode({ decoderWeights, decoderBias }: LinearStart, latent: readonly number[]): number[] {
  const k = latent.length;
  return [...decoderBias.data].map((bias, i) =>
    latent.reduce((sum, value, c) => sum + value * (decoderWeights.data[i * k + c] as number), bias),
  );
}

const meanSquare = (rows: readonly (readonly number[])[]): number =>
  rows.flat().reduce((sum, value) => sum + value * value, 0) / rows.length;

const centre = (rows: readonly (readonly number[])[]): number[][] => {
  const means = (rows[0] ?? []).map((_, i) => rows.reduce((sum, row) => sum + (row[i] as number), 0) / rows.length);
  return rows.map((row) => row.map((value, i) => value - (means[i] as number)));
};

const residuals = (start: LinearStart, xs: readonly number[][], ys: readonly number[][]): number[][] =>
  xs.map((x, row) => decode(start, encode(start, x)).map((value, i) => value - (ys[row]?.[i] as number)));

test('recovers a planted map of low rank', () => {
  const { xs, ys, moments } = planted(createRandom(1));
  const start = linearStart(moments, 3);
  expect(start.encoderWeights.shape).toEqual([3, 12, 1, 1]);
  expect(start.decoderWeights.shape).toEqual([20, 3, 1, 1]);
  expect(meanSquare(residuals(start, xs, ys)) / meanSquare(centre(ys))).toBeLessThan(1e-6);
});

test('latent channels have the variances that they explain, largest first', () => {
  const { xs, ys, moments } = planted(createRandom(2), { noise: 3, rank: 5 });
  const total = meanSquare(centre(ys));
  let explained = 0;
  for (let rank = 1; rank <= 6; rank++) {
    const start = linearStart(moments, rank);
    const variances = start.latentVariances;
    expect([...variances].sort((a, b) => b - a)).toEqual(variances);
    // What one more channel takes off the error is its eigenvalue, and its variance over the rows.
    const now = total - meanSquare(residuals(start, xs, ys));
    expect((now - explained) / (variances[rank - 1] as number)).toBeCloseTo(1, 2);
    explained = now;
    const latents = centre(xs.map((x) => encode(start, x)));
    const variance = latents.reduce((sum, row) => sum + (row[rank - 1] as number) ** 2, 0) / xs.length;
    expect(variance / (variances[rank - 1] as number)).toBeCloseTo(1, 2);
  }
});

test('channels without variance do no harm', () => {
  const { xs, moments } = planted(createRandom(3));
  const dead: Moments = { ...emptyMoments(13, 20), rows: xs.length, sumY: moments.sumY };
  dead.sumX.set(moments.sumX);
  for (let i = 0; i < 12; i++) {
    dead.sumXX.set(moments.sumXX.subarray(i * 12, (i + 1) * 12), i * 13);
    dead.sumXY.set(moments.sumXY.subarray(i * 20, (i + 1) * 20), i * 20);
  }
  const start = linearStart(dead, 3);
  const all = [start.encoderWeights, start.encoderBias, start.decoderWeights].flatMap(({ data }) => [...data]);
  expect(all.every(Number.isFinite)).toBe(true);
  expect(Math.abs(start.encoderWeights.data[12] as number)).toBeLessThan(1e-6);
});

test('sums that were rounded to float32, with fewer rows than inputs and large means, give finite weights', () => {
  const { xs, ys, moments } = planted(createRandom(4), { inputs: 40, rows: 25, offset: 3000 });
  for (const sums of [moments.sumX, moments.sumY, moments.sumXX, moments.sumXY]) sums.set(Float32Array.from(sums));
  const start = linearStart(moments, 3);
  expect(start.latentVariances.every((variance) => variance > 0)).toBe(true);
  // A ridge that had to grow shrinks the map; it still explains nearly everything.
  expect(meanSquare(residuals(start, xs, ys)) / meanSquare(centre(ys))).toBeLessThan(0.05);
});

test('the step size for a rate gives that rate', () => {
  const variances = [100, 30, 10, 1, 0.01];
  for (const bits of [2, 8, 20]) {
    const stepSize = stepSizeForRate(variances, bits);
    // A Gaussian of variance v, quantized in steps: h(v) - log2(step), and never below none.
    const spent = variances.map((v) => Math.max(0, 0.5 * Math.log2(2 * Math.PI * Math.E * v) - Math.log2(stepSize)));
    expect(spent.reduce((a, b) => a + b, 0)).toBeCloseTo(bits, 6);
  }
  expect(stepSizeForRate(variances, 20)).toBeLessThan(stepSizeForRate(variances, 8));
});
