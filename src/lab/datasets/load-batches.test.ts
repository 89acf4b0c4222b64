import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { loadBatches, type Sample } from './index.ts';

const imageBytes = 224 * 224 * 3;

/** Samples that count how often and how many at once they are loaded. */
function countingSamples(count: number, failing = -1) {
  const state = { started: 0, running: 0, mostRunning: 0 };
  const samples = Array.from(
    { length: count },
    (_, i): Sample => ({
      id: `s${i}`,
      label: i % 3,
      load: async () => {
        state.started++;
        state.running++;
        state.mostRunning = Math.max(state.mostRunning, state.running);
        await sleep(1 + ((i * 7) % 5));
        state.running--;
        if (i === failing) throw new Error(`sample ${i}`);
        return new Uint8Array(imageBytes).fill(i);
      },
    }),
  );
  return { samples, state };
}

test('batches come in order, with their labels, the last one smaller', async () => {
  const { samples, state } = countingSamples(10);
  const seen: number[] = [];
  const shapes: (readonly number[])[] = [];
  for await (const { images, labels, ids } of loadBatches(samples, 4, { concurrency: 3 })) {
    shapes.push(images.shape);
    for (const [i, id] of ids.entries()) {
      seen.push(images.data[i * imageBytes] ?? -1, images.data[(i + 1) * imageBytes - 1] ?? -1);
      expect(id).toBe(`s${images.data[i * imageBytes]}`);
      expect(labels[i]).toBe(Number(id.slice(1)) % 3);
    }
  }
  expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i >> 1));
  expect(shapes).toEqual([
    [4, 224, 224, 3],
    [4, 224, 224, 3],
    [2, 224, 224, 3],
  ]);
  expect(state.mostRunning).toBeLessThanOrEqual(3);
  expect(state.mostRunning).toBeGreaterThan(1);
});

test('the next batch is decoded while the caller computes, and no more than that', async () => {
  const { samples, state } = countingSamples(12);
  for await (const _batch of loadBatches(samples, 3)) {
    await vi.waitFor(() => expect(state).toMatchObject({ started: 6, running: 0 }), { timeout: 20_000 });
    await sleep(20);
    break;
  }
  expect(state.started).toBe(6);
});

test('leaving early stops decoding', async () => {
  const { samples, state } = countingSamples(100);
  for await (const _batch of loadBatches(samples, 10, { concurrency: 1 })) break;
  await sleep(60);
  expect(state.started).toBeLessThan(15);
});

test('a sample that cannot be loaded throws when its batch is due', async () => {
  const { samples } = countingSamples(6, 5);
  const seen: string[] = [];
  const run = async () => {
    for await (const { ids } of loadBatches(samples, 2)) seen.push(...ids);
  };
  await expect(run()).rejects.toThrow('sample 5');
  expect(seen).toEqual(['s0', 's1', 's2', 's3']);
});

test('an abort signal stops it with its reason', async () => {
  const { samples } = countingSamples(100);
  const stop = new AbortController();
  const run = async () => {
    for await (const _batch of loadBatches(samples, 2, { signal: stop.signal })) stop.abort(new Error('enough'));
  };
  await expect(run()).rejects.toThrow('enough');
});

test('no samples, no batches; sizes below one are a mistake of the caller', async () => {
  expect(await loadBatches([], 4).next()).toEqual({ done: true, value: undefined });
  await expect(loadBatches([], 0).next()).rejects.toThrow(/batchSize/);
  await expect(loadBatches([], 1, { concurrency: 0 }).next()).rejects.toThrow(/concurrency/);
});
