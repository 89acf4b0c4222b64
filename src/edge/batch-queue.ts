/**
 * Requests for one graph: computed in batches, the most urgent first, and refused at once when they can't be answered in time.
 *
 *     add ─► accepted? ─► waits, by deadline ─► prepared in the turns of the event loop ─► batch ─► computed
 *                 └─► refused                                                    (formed when a session is free)
 *
 * Own derivation. Earliest deadline first is the order in which as many requests as possible are in time (Liu and Layland,
 * "Scheduling algorithms for multiprogramming in a hard-real-time environment", J. ACM 20, 1973). A request is accepted when,
 * with sure times for all that goes before, it and all that wait will be answered in time in that order; so one that is accepted
 * makes none of the others late, and none is computed for nothing.
 *
 * The twist: a batch is as large as the deadline of its most urgent request allows, and sessions that are free at once share
 * what waits. It is formed when a session becomes free: whoever has come by then takes part.
 */

import { DeadlineError, EnvironmentError } from '../core/errors.ts';
import type { BatchEstimate } from './batch-estimate.ts';
import type { EventLoop } from './event-loop.ts';

/** Options of {@link createBatchQueue}. */
export interface BatchQueueOptions<Item, Prepared, Result> {
  /** Makes a request ready for the graph; what it throws is that request's failure. Should take about a millisecond at most. */
  readonly prepare: (item: Item) => Prepared;
  /** Computes a batch in one of the sessions: one result for each, in order. What it throws is the failure of all. */
  readonly compute: (batch: readonly Prepared[], session: number) => Promise<readonly Result[]>;
  /** Sessions, each of which computes one batch at a time. */
  readonly sessions: number;
  readonly estimate: BatchEstimate;
  /** Largest batch. */
  readonly maxBatch: number;
  /** Most requests that wait; more are refused at once. */
  readonly maxWaiting: number;
  readonly loop: EventLoop;
}

/** A result, and how it came about. */
export interface Computed<Prepared, Result> {
  readonly prepared: Prepared;
  readonly result: Result;
  readonly batchSize: number;
  /** From its acceptance to the start of its batch, and from there to its end. */
  readonly queueMs: number;
  readonly computeMs: number;
}

/** A queue before one graph. */
export interface BatchQueue<Item, Prepared, Result> {
  /**
   * Waits for a request's turn and computes it.
   *
   * @param answerByMs - When the result must be there, by the clock of the loop; `Infinity` when it never is too late.
   * @throws {@link DeadlineError} when that can't be done.
   * @throws {@link EnvironmentError} when too many requests wait.
   */
  add(item: Item, answerByMs: number): Promise<Computed<Prepared, Result>>;
  /** How long a request that came now would nearly always take, those that are more urgent included, in ms. */
  expectedMs(answerByMs: number): number;
  /** Requests that wait, those being computed left out. */
  waiting(): number;
  /** Resolves when all that was accepted is computed. */
  drained(): Promise<void>;
}

/** Requests without a deadline take their turn as if they had this one: they yield to others, but not for ever. */
const patienceMs = 2_000;
/** Left between what a request is expected to take and its deadline: timers and turns of the event loop are not exact. */
const slackMs = 2;

interface Waiting<Item, Prepared, Result> {
  readonly item: Item;
  readonly acceptedMs: number;
  readonly answerByMs: number;
  /** Its place in the order. */
  readonly urgency: number;
  prepared?: Prepared;
  readonly resolve: (computed: Computed<Prepared, Result>) => void;
  readonly reject: (error: unknown) => void;
}

/** What the order of requests is made from. */
type Placed = Pick<Waiting<unknown, unknown, unknown>, 'answerByMs' | 'urgency'>;

/** A batch under way. */
interface Running {
  readonly size: number;
  readonly sinceMs: number;
}

/** Makes a queue before a graph. */
export function createBatchQueue<Item, Prepared, Result>(
  options: BatchQueueOptions<Item, Prepared, Result>,
): BatchQueue<Item, Prepared, Result> {
  const { prepare, compute, sessions, estimate, maxBatch, maxWaiting, loop } = options;
  /** Most urgent first. */
  let waiting: Waiting<Item, Prepared, Result>[] = [];
  /** By session; `undefined` for one that is free. */
  const running: (Running | undefined)[] = Array.from({ length: sessions }, () => undefined);
  let isPreparing = false;
  const whenDrained: (() => void)[] = [];

  /** When each session will surely be free. */
  function freeAtMs(): number[] {
    const nowMs = loop.now();
    return running.map((batch) =>
      batch === undefined ? nowMs : Math.max(nowMs, batch.sinceMs + estimate.sureMs(batch.size)),
    );
  }

  /** How long a batch takes for its own requests. Company is only taken when it surely makes nobody late. */
  const ownMs = (size: number): number => (size === 1 ? estimate.safeMs(1) : estimate.sureMs(size));

  /** The largest batch of the first of some requests that leaves all of them in time; 0 when there is none. */
  function batchSize(order: readonly Placed[], startMs: number, freeSessions: number): number {
    const share = Math.min(maxBatch, Math.ceil(order.length / freeSessions));
    let size = 0;
    let answerByMs = Number.POSITIVE_INFINITY;
    for (const request of order.slice(0, share)) {
      answerByMs = Math.min(answerByMs, request.answerByMs);
      if (startMs + ownMs(size + 1) > answerByMs) break;
      size++;
    }
    return size;
  }

  const inOrder = <Request extends Placed>(order: readonly Request[], request: Request): Request[] => {
    const after = order.findIndex(({ urgency }) => urgency > request.urgency);
    return after < 0 ? [...order, request] : order.toSpliced(after, 0, request);
  };

  /**
   * When the last of some requests, in their order, will be answered, with sure times for all that it waits for; `undefined` when
   * one of them could be late.
   */
  function lastAnsweredAtMs(order: readonly Placed[]): number | undefined {
    const free = freeAtMs();
    let endMs = loop.now();
    for (let done = 0; done < order.length; ) {
      const startMs = Math.min(...free);
      const size = batchSize(order.slice(done), startMs, free.filter((atMs) => atMs === startMs).length);
      if (size === 0) return undefined;
      endMs = startMs + ownMs(size);
      free[free.indexOf(startMs)] = startMs + estimate.sureMs(size);
      done += size;
    }
    return endMs;
  }

  /** Whether all of some requests will be in time. One alone before a free session is tried when it will be on average. */
  function isPromising(order: readonly Placed[]): boolean {
    const [first] = order;
    if (order.length === 1 && running.includes(undefined)) {
      return loop.now() + estimate.meanMs(1) <= (first as Placed).answerByMs;
    }
    return lastAnsweredAtMs(order) !== undefined;
  }

  const placeOf = (answerByMs: number): Placed => ({
    answerByMs,
    urgency: Math.min(answerByMs, loop.now() + patienceMs),
  });

  function add(item: Item, answerByMs: number): Promise<Computed<Prepared, Result>> {
    return new Promise((resolve, reject) => {
      if (waiting.length >= maxWaiting) {
        reject(
          new EnvironmentError(
            `the edge is overloaded: ${waiting.length} requests wait for this model. Try again later`,
          ),
        );
        return;
      }
      const request = { item, acceptedMs: loop.now(), ...placeOf(answerByMs), resolve, reject };
      const order = inOrder(waiting, request);
      if (!isPromising(order)) {
        reject(tooLate(answerByMs - loop.now(), waiting.length));
        return;
      }
      waiting = order;
      prepareInTurns();
      // What came in the same turn of the event loop shares the first batch.
      if (running.includes(undefined)) loop.atEndOfTurn(computeNext);
    });
  }

  /** Prepares one request a turn, so that a burst of them does not hold the event loop up. */
  function prepareInTurns(): void {
    if (isPreparing) return;
    isPreparing = true;
    loop.atEndOfTurn(() => {
      isPreparing = false;
      const next = waiting.find(({ prepared }) => prepared === undefined);
      if (next === undefined) return;
      preparedOf(next);
      prepareInTurns();
    });
  }

  /** What was prepared of a request; one that can't be prepared has failed and waits no longer. */
  function preparedOf(request: Waiting<Item, Prepared, Result>): Prepared | undefined {
    try {
      request.prepared ??= prepare(request.item);
      return request.prepared;
    } catch (error) {
      waiting = waiting.filter((other) => other !== request);
      request.reject(error);
      return undefined;
    }
  }

  /** Gives every free session its batch. */
  function computeNext(): void {
    refuseLate();
    for (const session of running.keys()) {
      if (running[session] !== undefined || waiting.length === 0) continue;
      const freeSessions = running.filter((batch) => batch === undefined).length;
      // Where safe estimates leave no time for even one, it is tried: on average it will be in time.
      const size = Math.max(1, batchSize(waiting, loop.now(), freeSessions));
      const batch = waiting.slice(0, size).filter((request) => preparedOf(request) !== undefined);
      waiting = waiting.filter((request) => !batch.includes(request));
      if (batch.length > 0) void computeBatch(batch, session);
      else if (waiting.length > 0) loop.atEndOfTurn(computeNext);
    }
    if (isIdle()) for (const tell of whenDrained.splice(0)) tell();
  }

  const isIdle = (): boolean => waiting.length === 0 && running.every((batch) => batch === undefined);

  /** Requests that the estimates were wrong about are not computed late. */
  function refuseLate(): void {
    const nowMs = loop.now();
    const late = waiting.filter(({ answerByMs }) => nowMs + estimate.meanMs(1) > answerByMs);
    if (late.length === 0) return;
    waiting = waiting.filter((request) => !late.includes(request));
    for (const { answerByMs, reject } of late) reject(slowerThanReckoned(answerByMs - nowMs));
  }

  async function computeBatch(batch: readonly Waiting<Item, Prepared, Result>[], session: number): Promise<void> {
    const size = batch.length;
    const sinceMs = loop.now();
    running[session] = { size, sinceMs };
    try {
      const prepared = batch.map((request) => request.prepared as Prepared);
      const results = await compute(prepared, session);
      const computeMs = loop.now() - sinceMs;
      estimate.add({ size, ms: computeMs });
      for (const [i, { prepared, acceptedMs, resolve }] of batch.entries()) {
        const queueMs = sinceMs - acceptedMs;
        resolve({ prepared: prepared as Prepared, result: results[i] as Result, batchSize: size, queueMs, computeMs });
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      running[session] = undefined;
      computeNext();
    }
  }

  function expectedMs(answerByMs: number): number {
    const { urgency } = placeOf(answerByMs);
    const ahead = waiting.filter((request) => request.urgency <= urgency);
    // In their turn, late or not: the question is how long it takes.
    const order = [...ahead, { urgency }].map(({ urgency }) => ({ urgency, answerByMs: Number.POSITIVE_INFINITY }));
    return (lastAnsweredAtMs(order) as number) - loop.now() + slackMs;
  }

  return {
    add,
    expectedMs,
    waiting: () => waiting.length,
    drained: () => (isIdle() ? Promise.resolve() : new Promise((resolve) => whenDrained.push(resolve))),
  };
}

/** Begins what is said to a request that was accepted in vain. */
export const acceptedInVain = 'the edge was slower than it reckoned with';

const slowerThanReckoned = (remainingMs: number): DeadlineError =>
  new DeadlineError(`${acceptedInVain}: ${Math.floor(remainingMs)} ms are too few for an answer now`);

const tooLate = (remainingMs: number, ahead: number): DeadlineError =>
  new DeadlineError(
    `the answer had to leave within ${Math.floor(remainingMs)} ms, which is too soon with ${ahead} other requests waiting`,
  );
