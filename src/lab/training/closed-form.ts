/**
 * The closed-form start of encoder and decoder: reduced-rank regression (Izenman, "Reduced-rank regression for the
 * multivariate linear model", J. Multivariate Analysis 5, 1975) from the encoder's input to the whole feature map.
 *
 * Among all linear encoders to k latent channels and linear decoders, it has the least squared error over the samples that
 * the moments are of. The twist: latent channels are scaled so that one quantizer step serves all of them ("reverse water-filling",
 * Cover & Thomas, "Elements of Information Theory", section 10.3.3): a channel that explains less gets fewer bits.
 */

import { CholeskyDecomposition, EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { type Tensor, tensor } from '../../core/tensor/index.ts';

/** Sums over rows of encoder inputs `x` (p values) and feature-map targets `y` (q values). */
export interface Moments {
  rows: number;
  readonly sumX: Float64Array;
  readonly sumY: Float64Array;
  /** `sum x x'`, p by p. */
  readonly sumXX: Float64Array;
  /** `sum x y'`, p by q. */
  readonly sumXY: Float64Array;
}

/** Makes empty sums for p inputs and q targets. */
export function emptyMoments(inputs: number, targets: number): Moments {
  return {
    rows: 0,
    sumX: new Float64Array(inputs),
    sumY: new Float64Array(targets),
    sumXX: new Float64Array(inputs * inputs),
    sumXY: new Float64Array(inputs * targets),
  };
}

/** Linear encoder and decoder, in the shapes of `compressorParameters`. */
export interface LinearStart {
  readonly encoderWeights: Tensor<'float32'>;
  readonly encoderBias: Tensor<'float32'>;
  readonly decoderWeights: Tensor<'float32'>;
  readonly decoderBias: Tensor<'float32'>;
  /** Variance of each latent channel at a position, falling; also the variance of the feature map that it explains. */
  readonly latentVariances: readonly number[];
}

/** Share of the mean variance that is added to every variance, so that dead channels do no harm. */
const ridge = 1e-4;

/**
 * Solves the reduced-rank regression with `rank` latent channels.
 *
 * The twist: matrices are flat arrays walked row by row, because 1,024 inputs and 4,096 targets take a minute through
 * ml-matrix's element access. Only the decompositions are the library's.
 */
export function linearStart(moments: Moments, rank: number): LinearStart {
  const { rows, sumX, sumY } = moments;
  const [p, q] = [sumX.length, sumY.length];
  const meanX = sumX.map((sum) => sum / rows);
  const meanY = sumY.map((sum) => sum / rows);
  const covarianceXX = centred(moments.sumXX, meanX, meanX, rows);
  const covarianceXY = centred(moments.sumXY, meanX, meanY, rows);

  // With Sxx = L L', the best rank-k map is Syx L'^-1 V V' L^-1, V the leading eigenvectors of L^-1 Sxy Syx L'^-1.
  const lower = ridgedCholesky(covarianceXX, p);
  const half = forwardSubstitute(lower, products(covarianceXY, p, q), p);
  const whitened = forwardSubstitute(lower, transposed(half, p), p);
  const eigen = new EigenvalueDecomposition(Matrix.from1DArray(p, p, whitened), { assumeSymmetric: true });

  const latentVariances: number[] = [];
  const encoderWeights = new Float32Array(rank * p);
  const encoderBias = new Float32Array(rank);
  const decoderWeights = new Float32Array(q * rank);
  for (let k = 0; k < rank; k++) {
    const variance = Math.max(eigen.realEigenvalues[p - 1 - k] as number, Number.EPSILON);
    latentVariances.push(variance);
    const deviation = Math.sqrt(variance);
    const encoder = backSubstitute(lower, Float64Array.from(eigen.eigenvectorMatrix.getColumn(p - 1 - k)));
    const decoder = new Float64Array(q);
    let bias = 0;
    for (let i = 0; i < p; i++) {
      const weight = encoder[i] as number;
      encoderWeights[k * p + i] = weight * deviation;
      bias -= weight * deviation * (meanX[i] as number);
      addScaled(decoder, 0, covarianceXY, i * q, q, weight / deviation);
    }
    encoderBias[k] = bias;
    for (let i = 0; i < q; i++) decoderWeights[i * rank + k] = decoder[i] as number;
  }
  return {
    encoderWeights: tensor('float32', [rank, p, 1, 1], encoderWeights),
    encoderBias: tensor('float32', [rank], encoderBias),
    decoderWeights: tensor('float32', [q, rank, 1, 1], decoderWeights),
    decoderBias: tensor('float32', [q], Float32Array.from(meanY)),
    latentVariances,
  };
}

/**
 * Lower triangle of `a + ridge`, which changes the diagonal of `a`.
 *
 * No squared pivot is less than what was added, unless the rounding of `a` (whose sums are float32) is larger than that:
 * then more is added. Fewer rows than inputs, and inputs whose mean dwarfs their deviation, come to it.
 */
function ridgedCholesky(a: Float64Array, size: number): Float64Array {
  const diagonal = Array.from({ length: size }, (_, i) => a[i * size + i] as number);
  const meanVariance = diagonal.reduce((sum, value) => sum + value, 0) / size;
  for (let share = ridge; ; share *= 10) {
    const added = share * meanVariance;
    diagonal.forEach((value, i) => {
      a[i * size + i] = value + added;
    });
    const lower = Float64Array.from(
      new CholeskyDecomposition(Matrix.from1DArray(size, size, a)).lowerTriangularMatrix.to1DArray(),
    );
    const isSound = diagonal.every((_, i) => (lower[i * size + i] as number) ** 2 >= added / 2);
    if (isSound || !(share < 1)) return lower;
  }
}

/** Covariance from sums of products, row by row. */
function centred(sums: Float64Array, meanX: Float64Array, meanY: Float64Array, rows: number): Float64Array {
  const covariance = sums.map((sum) => sum / rows);
  meanX.forEach((mean, i) => {
    addScaled(covariance, i * meanY.length, meanY, 0, meanY.length, -mean);
  });
  return covariance;
}

/** `target[at..] += factor * source[from..]`, for so many elements. */
function addScaled(
  target: Float64Array,
  at: number,
  source: Float64Array,
  from: number,
  count: number,
  factor: number,
): void {
  for (let i = 0; i < count; i++) {
    target[at + i] = (target[at + i] as number) + factor * (source[from + i] as number);
  }
}

/** Columns that are multiplied at a time, so that a block of all rows stays in the cache. */
const columnBlock = 256;

/** `a a'` of a matrix with so many rows and columns. */
function products(a: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(rows * rows);
  for (let first = 0; first < columns; first += columnBlock) {
    const count = Math.min(columnBlock, columns - first);
    for (let i = 0; i < rows; i++) {
      const x = i * columns + first;
      for (let j = 0; j <= i; j++) {
        const y = j * columns + first;
        let sum = 0;
        for (let c = 0; c < count; c++) sum += (a[x + c] as number) * (a[y + c] as number);
        result[i * rows + j] = (result[i * rows + j] as number) + sum;
      }
    }
  }
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < i; j++) result[j * rows + i] = result[i * rows + j] as number;
  }
  return result;
}

function transposed(a: Float64Array, size: number): Float64Array {
  return a.map((_, at) => a[(at % size) * size + Math.floor(at / size)] as number);
}

/** Solves `L x = b` for each column of `b`, both square; overwrites `b`. */
function forwardSubstitute(lower: Float64Array, b: Float64Array, size: number): Float64Array {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) addScaled(b, i * size, b, j * size, size, -(lower[i * size + j] as number));
    const pivot = lower[i * size + i] as number;
    for (let c = i * size; c < (i + 1) * size; c++) b[c] = (b[c] as number) / pivot;
  }
  return b;
}

/** Solves `L' x = b` for one column; overwrites it. */
function backSubstitute(lower: Float64Array, b: Float64Array): Float64Array {
  const size = b.length;
  for (let i = size - 1; i >= 0; i--) {
    const solved = (b[i] as number) / (lower[i * size + i] as number);
    b[i] = solved;
    // Row i of L is column i of L'.
    addScaled(b, 0, lower, i * size, i, -solved);
  }
  return b;
}

/**
 * Quantizer step at which Gaussian latents of these variances take about so many bits.
 *
 * @param latentVariances - Variance of each latent element.
 * @param totalBits - Sum over the elements.
 */
export function stepSizeForRate(latentVariances: readonly number[], totalBits: number): number {
  const bits = (stepSize: number): number =>
    latentVariances.reduce(
      (sum, v) => sum + Math.max(0, 0.5 * Math.log2((2 * Math.PI * Math.E * v) / stepSize ** 2)),
      0,
    );
  let [low, high] = [1e-6, 1e6];
  for (let i = 0; i < 100; i++) {
    const middle = Math.sqrt(low * high);
    if (bits(middle) > totalBits) low = middle;
    else high = middle;
  }
  return high;
}
