/**
 * What a device knows of its uplink, from nothing but what it sees itself: what it handed over when, and when the edge
 * acknowledged it.
 *
 * Own derivation. A delivery of `bytes` is taken to be acknowledged `roundTripMs + 8 * (overhead + bytes) / throughput` after it
 * was handed over or, when others were still on their way, after the link was done with those. The part that does not grow with the bytes is the median intercept of a robust line
 * through recent deliveries (Theil 1950, Sen 1968) where they differ in size, else the quickest of them. What is left gives a
 * throughput each; their logarithms are averaged with exponential weights, and how far they scatter is the uncertainty. The
 * overhead is the one of a few that makes them scatter least: none on a link that is slow because of its rate, a large one where
 * a delivery waits for its turn and then leaves whole, however small it is.
 *
 * The twist: while handed-over bytes stay silent for longer than they should, the link may be gone. An outage that has lasted
 * for `s` ends within the next `t` with a chance of about `t / (t + s)`: outages of radio links have no typical length.
 */

/** Deliveries that are remembered. */
const rememberedDeliveries = 24;
/** Weight of the newest delivery in the averages. */
const newestWeight = 0.2;
/** Least scatter of the logarithm of the throughput that is believed: timers and queues alone scatter so much. */
const leastLogDeviation = 0.12;
/** After so long a delivery is taken for lost: its acknowledgement will not come. */
const lostAfterMs = 30_000;
/** Growth of the variance of that logarithm in a second without news. */
const driftPerSecond = 0.02;
/** From so many deliveries on, one that took so many times longer than expected was held up by an outage. */
const fewDeliveries = 4;
const outageFactor = 8;
/** Two deliveries tell bytes from delay only when they differ by so many bytes. */
const tellingBytes = 200;
/** Pairs of such deliveries that a line needs. */
const tellingPairs = 6;
/** What a delivery costs beside its own bytes until deliveries of different sizes say otherwise, and what it may cost. */
const likeliestOverhead = 16_000;
const overheadCandidates = [0, 250, 500, 1000, 2000, 4000, 8000, likeliestOverhead] as const;
/** By how much the logarithm of the scatter must fall for an overhead that is `e` times smaller than the likeliest. */
const overheadPrior = 0.01;
/** Scatter below which nothing is told apart, and bytes below which overheads are alike. */
const leastScatter = 0.1;
const leastOverhead = 200;
/** Shortest sending time that a delay is read as, in ms: below it clocks and schedulers decide. */
const shortestSendingMs = 0.5;

/** What the estimator says of the link. */
export interface LinkEstimate {
  /** From handing over to acknowledgement, but for the time that the bytes themselves take. */
  readonly roundTripMs: number;
  /** Bytes that each delivery takes time for beside its own. */
  readonly overheadBytes: number;
  /** Median of what is expected, for deliveries with their overhead. */
  readonly throughputBitsPerSecond: number;
  /** Standard deviation of the natural logarithm of the throughput. */
  readonly throughputLogDeviation: number;
  /** Share of recent requests, by exponential weights, of which nothing was acknowledged in time. */
  readonly outageProbability: number;
  /** Bytes that were handed over and are not acknowledged. */
  readonly waitingBytes: number;
  /** For how long these have been silent beyond what was expected; 0 when nothing is overdue. */
  readonly silentMs: number;
  /** Since something was handed over or acknowledged, `Infinity` before the first. */
  readonly idleMs: number;
}

/** The part of an estimate that deliveries tell. */
type Line = Pick<LinkEstimate, 'roundTripMs' | 'overheadBytes' | 'throughputBitsPerSecond' | 'throughputLogDeviation'>;

/** What is known of a link nobody has used: a slow one, and hardly that. */
export const unknownLink: Line = {
  roundTripMs: 50,
  overheadBytes: 0,
  throughputBitsPerSecond: 1e6,
  throughputLogDeviation: 1.5,
};

/** Learns a link; times are in ms of one clock and never go back. */
export interface LinkEstimator {
  /** A connection was made, whose handshake took so long there and back; what waited on an older one is forgotten. */
  connected(handshakeMs: number): void;
  /** Bytes were handed over, packet headers included. @returns What {@link acknowledged} is to be told. */
  sent(bytes: number, nowMs: number): number;
  /** The edge has a delivery, and so all before it. */
  acknowledged(delivery: number, nowMs: number): void;
  /** A request is over; whether anything of it was acknowledged. */
  finished(heard: boolean): void;
  estimate(nowMs: number): LinkEstimate;
}

interface Delivery {
  readonly id: number;
  readonly bytes: number;
  readonly sentMs: number;
}

/** A delivery that was acknowledged. */
interface Sample {
  readonly bytes: number;
  readonly delayMs: number;
}

/** Makes an estimator that knows nothing yet. */
export function createLinkEstimator(): LinkEstimator {
  let handshake: number | undefined;
  let waiting: Delivery[] = [];
  let samples: Sample[] = [];
  let heardMs: number | undefined;
  let lastSentMs = Number.NEGATIVE_INFINITY;
  let outageProbability = 0;
  let nextId = 0;
  /** Follows from `samples`; absent until asked for. */
  let line: Line | undefined;
  const known = (): Line => {
    line ??= fitLine(samples, handshake);
    return line;
  };

  /** Longer than this a delivery does not take because the link is slow, but because it was gone. */
  const longestDelayMs = (bytes: number): number =>
    samples.length < fewDeliveries
      ? Number.POSITIVE_INFINITY
      : known().roundTripMs + outageFactor * expectedSendingMs(known(), bytes);

  return {
    connected(handshakeMs) {
      handshake = Math.min(handshake ?? Number.POSITIVE_INFINITY, handshakeMs);
      waiting = [];
      line = undefined;
    },
    sent(bytes, nowMs) {
      const id = nextId++;
      waiting.push({ id, bytes, sentMs: nowMs });
      lastSentMs = nowMs;
      return id;
    },
    acknowledged(id, nowMs) {
      const arrived = waiting.filter((delivery) => delivery.id <= id);
      const [first] = arrived;
      if (first === undefined) return;
      waiting = waiting.filter((delivery) => delivery.id > id);
      // Those that came in one with others before them share their time.
      const bytes = arrived.reduce((sum, delivery) => sum + delivery.bytes, 0);
      const idleMs = heardMs === undefined ? first.sentMs : heardMs - known().roundTripMs;
      const delayMs = Math.min(nowMs - Math.max(first.sentMs, idleMs), longestDelayMs(bytes));
      samples = [...samples, { bytes, delayMs }].slice(-rememberedDeliveries);
      heardMs = nowMs;
      line = undefined;
    },
    finished(heard) {
      outageProbability += newestWeight * ((heard ? 0 : 1) - outageProbability);
    },
    estimate(nowMs) {
      const { roundTripMs, overheadBytes, throughputBitsPerSecond, throughputLogDeviation } = known();
      waiting = waiting.filter(({ sentMs }) => nowMs - sentMs < lostAfterMs);
      const staleSeconds = heardMs === undefined ? 0 : (nowMs - heardMs) / 1000;
      const [oldest] = waiting;
      const waitingBytes = waiting.reduce((sum, { bytes }) => sum + bytes, 0);
      return {
        roundTripMs,
        overheadBytes,
        throughputBitsPerSecond,
        throughputLogDeviation: Math.hypot(throughputLogDeviation, Math.sqrt(driftPerSecond * staleSeconds)),
        outageProbability,
        idleMs: nowMs - Math.max(heardMs ?? Number.NEGATIVE_INFINITY, lastSentMs),
        waitingBytes,
        silentMs:
          oldest === undefined
            ? 0
            : Math.max(0, nowMs - oldest.sentMs - roundTripMs - slowSendingMs(known(), oldest.bytes)),
      };
    },
  };
}

/**
 * Chance that bytes handed over from now on are at the edge within so many ms.
 *
 * @param bytes - Packet headers included.
 * @param deliveries - In so many deliveries, each after the one before.
 */
export function deliveryProbability(estimate: LinkEstimate, bytes: number, withinMs: number, deliveries = 1): number {
  const { roundTripMs, overheadBytes, throughputBitsPerSecond, throughputLogDeviation, outageProbability } = estimate;
  const sendingTimeMs = withinMs - roundTripMs / 2;
  if (sendingTimeMs <= 0) return 0;
  const needed = (8000 * (estimate.waitingBytes + bytes + deliveries * overheadBytes)) / sendingTimeMs;
  const fastEnough = normalCdf(Math.log(throughputBitsPerSecond / needed) / throughputLogDeviation);
  const backInTime = estimate.silentMs > 0 ? sendingTimeMs / (sendingTimeMs + estimate.silentMs) : 1;
  return fastEnough * backInTime * (1 - outageProbability / 2);
}

/** How long a delivery of so many bytes, packet headers included, keeps the link busy by the median of what is expected, in ms. */
export const expectedSendingMs = (
  { overheadBytes, throughputBitsPerSecond }: Pick<LinkEstimate, 'overheadBytes' | 'throughputBitsPerSecond'>,
  bytes: number,
): number => (8000 * (overheadBytes + bytes)) / throughputBitsPerSecond;

/** The same, at a throughput that the link exceeds five times in six. */
export const slowSendingMs = (estimate: Omit<Line, 'roundTripMs'>, bytes: number): number =>
  expectedSendingMs(estimate, bytes) * Math.exp(estimate.throughputLogDeviation);

function fitLine(samples: readonly Sample[], handshake: number | undefined): Line {
  if (samples.length === 0) return { ...unknownLink, roundTripMs: handshake ?? unknownLink.roundTripMs };
  const quickest = Math.min(handshake ?? Number.POSITIVE_INFINITY, ...samples.map(({ delayMs }) => delayMs));
  const roundTripMs = Math.max(0, Math.min(quickest, interceptOf(samples) ?? quickest));
  const overheadBytes = overheadOf(samples, roundTripMs);
  let [mean, variance] = [0, 0];
  for (const [i, sample] of samples.entries()) {
    // The first ones count as an ordinary mean does.
    const weight = Math.max(newestWeight, 1 / (i + 1));
    const off = logThroughput(sample, roundTripMs, overheadBytes) - mean;
    mean += weight * off;
    variance = (1 - weight) * (variance + weight * off * off);
  }
  // Few deliveries say little of how far they scatter.
  const prior = unknownLink.throughputLogDeviation ** 2 / samples.length ** 2;
  return {
    roundTripMs,
    overheadBytes,
    throughputBitsPerSecond: Math.exp(mean),
    throughputLogDeviation: Math.max(leastLogDeviation, Math.sqrt(variance + prior)),
  };
}

/** The overhead with which throughputs scatter least, by all deliveries alike: the sizes differ too seldom to forget any. */
function overheadOf(samples: readonly Sample[], roundTripMs: number): number {
  const costs = overheadCandidates.map((overheadBytes) => {
    const logs = samples.map((sample) => logThroughput(sample, roundTripMs, overheadBytes));
    const middle = median(logs);
    // No variance: the quickest delivery, from which the round trip comes, may be far off.
    const scatter = logs.reduce((sum, log) => sum + Math.abs(log - middle), 0) / logs.length;
    const doubt = Math.log((likeliestOverhead + leastOverhead) / (overheadBytes + leastOverhead));
    return Math.log(scatter + leastScatter) + overheadPrior * doubt;
  });
  return overheadCandidates[costs.indexOf(Math.min(...costs))] ?? likeliestOverhead;
}

/** Logarithm of the throughput, in bits per second, that one delivery tells. */
const logThroughput = ({ bytes, delayMs }: Sample, roundTripMs: number, overheadBytes: number): number =>
  Math.log((8000 * (overheadBytes + bytes)) / Math.max(shortestSendingMs, delayMs - roundTripMs));

/** Delay of a delivery of no bytes, by the median line; `undefined` when the deliveries are too alike. */
function interceptOf(samples: readonly Sample[]): number | undefined {
  const slopes: number[] = [];
  for (const [i, a] of samples.entries()) {
    for (const b of samples.slice(i + 1)) {
      if (Math.abs(a.bytes - b.bytes) >= tellingBytes) slopes.push((a.delayMs - b.delayMs) / (a.bytes - b.bytes));
    }
  }
  if (slopes.length < tellingPairs) return undefined;
  const slope = Math.max(0, median(slopes));
  return median(samples.map(({ bytes, delayMs }) => delayMs - slope * bytes));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}

/** Standard normal distribution function, to 1e-5: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.16. */
function normalCdf(x: number): number {
  const t = 1 / (1 + 0.33267 * Math.abs(x));
  const tail = (Math.exp(-(x * x) / 2) / Math.sqrt(2 * Math.PI)) * t * (0.4361836 + t * (-0.1201676 + t * 0.937298));
  return x >= 0 ? 1 - tail : tail;
}
