import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeadlineError, EnvironmentError } from '../core/errors.ts';
import { createVirtualClock } from '../lab/experiments/link/simulation/virtual-clock.ts';
import { createBatchEstimate } from './batch-estimate.ts';
import { createBatchQueue } from './batch-queue.ts';

const batchMs = (size: number): number => 10 + 5 * size;

/** A queue before a graph whose batches take exactly what is expected, on a clock that passes by itself. */
function queueOn(
  options: { readonly maxBatch?: number; readonly maxWaiting?: number; readonly sessions?: number } = {},
) {
  const clock = createVirtualClock();
  const batches: { readonly atMs: number; readonly items: readonly string[] }[] = [];
  const { maxBatch = 4, maxWaiting = 100, sessions = 1 } = options;
  const estimate = createBatchEstimate({ size: 1, ms: batchMs(1) }, { size: 8, ms: batchMs(8) });
  // A graph that has proved to be steady: a tenth is left for chance, and as much again for company.
  for (let i = 0; i < 40; i++) estimate.add({ size: 1, ms: batchMs(1) });
  const queue = createBatchQueue({
    prepare(item: string) {
      if (item === 'broken') throw new RangeError('cannot be prepared');
      return item;
    },
    compute(items: readonly string[]) {
      batches.push({ atMs: clock.now(), items });
      if (items.includes('poison')) return Promise.reject(new TypeError('the graph failed'));
      return new Promise<string[]>((resolve) => {
        clock.after(batchMs(items.length), () => resolve(items.map((item) => item.toUpperCase())));
      });
    },
    sessions,
    estimate,
    maxBatch,
    maxWaiting,
    loop: { ...clock, atEndOfTurn: (callback) => void clock.after(0, callback) },
  });
  return { clock, queue, batches, estimate };
}

const never = Number.POSITIVE_INFINITY;

test('what comes while the graph is busy shares a batch, and is told how it went', async () => {
  const { clock, queue, batches } = queueOn();
  const first = queue.add('a', never);
  const others: ReturnType<typeof queue.add>[] = [];
  clock.after(5, () => others.push(queue.add('b', never), queue.add('c', never)));
  await clock.run();
  expect(batches.map(({ items }) => items)).toEqual([['a'], ['b', 'c']]);
  expect(await first).toEqual({ prepared: 'a', result: 'A', batchSize: 1, queueMs: 0, computeMs: 15 });
  expect(await others[1]).toEqual({ prepared: 'c', result: 'C', batchSize: 2, queueMs: 10, computeMs: 20 });
});

test('two sessions compute at once, and share what waits', async () => {
  const { clock, queue, batches } = queueOn({ sessions: 2 });
  const done = ['a', 'b', 'c', 'd', 'e'].map((item) => queue.add(item, never));
  await clock.run();
  expect(batches).toEqual([
    { atMs: 0, items: ['a', 'b', 'c'] },
    { atMs: 0, items: ['d', 'e'] },
  ]);
  expect((await Promise.all(done)).map(({ computeMs }) => computeMs)).toEqual([25, 25, 25, 20, 20]);
});

test('a second session makes room for requests that one alone could not answer in time', async () => {
  for (const [sessions, answered] of [
    [1, 2],
    [2, 4],
  ] as const) {
    const { clock, queue } = queueOn({ sessions, maxBatch: 1 });
    const outcomes = Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((item) => queue.add(item, 50)));
    await clock.run();
    expect((await outcomes).filter(({ status }) => status === 'fulfilled')).toHaveLength(answered);
  }
});

test('the earliest deadline goes first, whatever came first', async () => {
  const { clock, queue, batches } = queueOn({ maxBatch: 1 });
  const done = [queue.add('late', 1000), queue.add('never', never), queue.add('soon', 100), queue.add('sooner', 60)];
  await clock.run();
  await Promise.all(done);
  expect(batches.map(({ items }) => items[0])).toEqual(['sooner', 'soon', 'late', 'never']);
});

test('who has no deadline yields to others, but not for ever', async () => {
  const { clock, queue, batches } = queueOn({ maxBatch: 1 });
  const patient = queue.add('patient', never);
  const feed = (): void => {
    if (clock.now() > 5000) return;
    queue.add('urgent', clock.now() + 100).catch((error: unknown) => expect(error).toBeInstanceOf(DeadlineError));
    clock.after(14, feed);
  };
  feed();
  await clock.run();
  await patient;
  const { atMs } = batches.find(({ items }) => items[0] === 'patient') ?? expect.unreachable('never computed');
  expect(atMs).toBeGreaterThan(500);
  expect(atMs).toBeLessThan(2500);
});

test('a batch is no larger than its most urgent request allows', async () => {
  const { clock, queue, batches } = queueOn();
  const done = [queue.add('urgent', 20), queue.add('a', never), queue.add('b', never), queue.add('c', never)];
  await clock.run();
  await Promise.all(done);
  // 20 ms are enough for one with what is left for chance, not for two.
  expect(batches[0]?.items).toEqual(['urgent']);
  expect(batches[1]?.items).toEqual(['a', 'b', 'c']);
});

test('what cannot be in time is refused at once, and never computed', async () => {
  const { clock, queue, batches } = queueOn();
  const tooSoon = queue.add('a', 10);
  await expect(tooSoon).rejects.toThrow(DeadlineError);
  await expect(queue.add('b', -5)).rejects.toThrow('within -5 ms, which is too soon with 0 other requests waiting');
  await clock.run();
  expect(batches).toEqual([]);
});

test('one alone is tried when it will be in time on average, which is what devices reckon with', async () => {
  const { clock, queue } = queueOn();
  const tried = queue.add('a', 15);
  await clock.run();
  expect((await tried).result).toBe('A');
  await expect(queue.add('b', clock.now() + 14)).rejects.toThrow(DeadlineError);
});

test('a request that would make an accepted one late is refused', async () => {
  const { clock, queue, batches } = queueOn({ maxBatch: 1 });
  const accepted = [queue.add('a', 80), queue.add('b', 80), queue.add('c', 80)];
  await expect(queue.add('d', 79)).rejects.toThrow(DeadlineError);
  await clock.run();
  await Promise.all(accepted);
  expect(batches.map(({ items }) => items[0])).toEqual(['a', 'b', 'c']);
});

test('a queue that is full says so', async () => {
  const { clock, queue } = queueOn({ maxWaiting: 2 });
  const accepted = [queue.add('a', never), queue.add('b', never)];
  await expect(queue.add('c', never)).rejects.toThrow(
    new EnvironmentError('the edge is overloaded: 2 requests wait for this model. Try again later'),
  );
  await clock.run();
  await Promise.all(accepted);
});

test('what cannot be prepared fails alone, a graph that fails fails its batch, and the next one is computed', async () => {
  const { clock, queue } = queueOn();
  const outcomes = Promise.allSettled([queue.add('a', never), queue.add('broken', never), queue.add('poison', never)]);
  const drained = queue.drained();
  await clock.run();
  const [a, broken, poison] = await outcomes;
  expect(broken).toMatchObject({ reason: new RangeError('cannot be prepared') });
  expect([a, poison]).toMatchObject([{ reason: new TypeError('the graph failed') }, { status: 'rejected' }]);
  await drained;
  const next = queue.add('b', never);
  await clock.run();
  expect((await next).result).toBe('B');
  expect(queue.waiting()).toBe(0);
});

test('it is drained when nothing is left, broken requests included', async () => {
  const { clock, queue } = queueOn();
  await queue.drained();
  const broken = queue.add('broken', never).catch(() => 'failed');
  const drained = queue.drained();
  await clock.run();
  await drained;
  expect(await broken).toBe('failed');
});

test('a graph that got slower refuses what it was wrong about instead of computing it late', async () => {
  const { clock, queue, batches, estimate } = queueOn({ maxBatch: 1 });
  const outcomes = Promise.allSettled([queue.add('a', 40), queue.add('b', 40)]);
  for (let i = 0; i < 20; i++) estimate.add({ size: 1, ms: 35 });
  await clock.run();
  expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(batches).toHaveLength(1);
});

test('who begins when the queue said is accepted, also behind a batch that runs', async () => {
  const { clock, queue } = queueOn({ maxBatch: 4 });
  const running = ['a', 'b', 'c'].map((item) => queue.add(item, never));
  clock.after(3, () => {
    const answerByMs = clock.now() + queue.expectedMs(clock.now() + 200);
    running.push(queue.add('on time', answerByMs));
  });
  await clock.run();
  expect(await Promise.allSettled(running)).toMatchObject(running.map(() => ({ status: 'fulfilled' })));
});

test('what is accepted is in time, when batches take what is expected', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.record({ atMs: fc.integer({ min: 0, max: 300 }), leftMs: fc.integer({ min: 0, max: 300 }) }), {
        maxLength: 40,
      }),
      async (sessions, requests) => {
        const { clock, queue } = queueOn({ sessions });
        let late = 0;
        let accepted = 0;
        for (const { atMs, leftMs } of requests) {
          clock.after(atMs, () => {
            queue.add('a', clock.now() + leftMs).then(
              () => {
                accepted++;
                if (clock.now() > atMs + leftMs) late++;
              },
              (error: unknown) => expect(error).toBeInstanceOf(DeadlineError),
            );
          });
        }
        await clock.run();
        expect(late).toBe(0);
        // Who has all the time that one alone needs, and nobody before it, is not refused.
        const first = requests.reduce((earliest, request) => Math.min(earliest, request.atMs), 1000);
        if (requests.some(({ atMs, leftMs }) => atMs === first && leftMs >= 17)) expect(accepted).toBeGreaterThan(0);
        expect(queue.waiting()).toBe(0);
      },
    ),
    { numRuns: 100 },
  );
});
