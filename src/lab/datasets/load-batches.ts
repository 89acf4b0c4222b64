/** Batches of decoded pictures; the next batch is decoded while the caller computes on this one. */

import { cropSide } from '../../core/image/index.ts';
import { type Tensor, tensor } from '../../core/tensor/index.ts';
import type { Sample } from './dataset.ts';

/** Some pictures at once. */
export interface Batch {
  /** `uint8[n, 224, 224, 3]`, RGB. */
  readonly images: Tensor<'uint8'>;
  /** Class of each picture. */
  readonly labels: Int32Array;
  readonly ids: readonly string[];
}

/** How to load batches. */
export interface LoadBatchesOptions {
  /** Pictures that are decoded at once; 4 when left out, which is what Node's thread pool runs. */
  readonly concurrency?: number;
  /** Stops loading: the iterator throws its reason. */
  readonly signal?: AbortSignal;
}

const imageBytes = cropSide * cropSide * 3;

/**
 * Loads samples batch by batch, in their order; the last batch may be smaller.
 *
 * Two batches are in memory at a time. An iterator that is left early stops decoding.
 *
 * @param batchSize - Pictures in a batch, at least 1.
 * @throws whatever the sample that could not be loaded threw, when its batch is due.
 */
export async function* loadBatches(
  samples: readonly Sample[],
  batchSize: number,
  options: LoadBatchesOptions = {},
): AsyncGenerator<Batch, void, undefined> {
  const { concurrency = 4, signal } = options;
  for (const [name, value] of Object.entries({ batchSize, concurrency })) {
    if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be 1 or more, got ${value}`);
  }
  const left = new AbortController();
  const stop = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]);
  const start = (first: number): Promise<Batch> => {
    const batch = loadBatch(samples.slice(first, first + batchSize), concurrency, stop);
    // It is awaited one turn later; until then a failure is not an unhandled one.
    batch.catch(() => undefined);
    return batch;
  };
  try {
    let next = samples.length > 0 ? start(0) : undefined;
    for (let first = batchSize; next !== undefined; first += batchSize) {
      const batch = await next;
      next = first < samples.length ? start(first) : undefined;
      yield batch;
    }
  } finally {
    left.abort();
  }
}

async function loadBatch(samples: readonly Sample[], concurrency: number, stop: AbortSignal): Promise<Batch> {
  const data = new Uint8Array(samples.length * imageBytes);
  const waiting = samples.entries();
  const loadSome = async () => {
    for (const [i, sample] of waiting) {
      stop.throwIfAborted();
      const rgb = await sample.load();
      if (rgb.length !== imageBytes) {
        throw new TypeError(`sample ${sample.id} loaded ${rgb.length} bytes, expected ${imageBytes}`);
      }
      data.set(rgb, i * imageBytes);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, samples.length) }, loadSome));
  return {
    images: tensor('uint8', [samples.length, cropSide, cropSide, 3], data),
    labels: Int32Array.from(samples, ({ label }) => label),
    ids: samples.map(({ id }) => id),
  };
}
