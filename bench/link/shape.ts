/**
 * A link as `tc` shapes it: what each end holds back or drops.
 *
 *     device ── uplink: rate, loss, half the round trip ──► edge
 *     device ◄────────── downlink: half the round trip ──── edge
 *
 * The twist: a rate here counts IP bytes, as the link models do, while a queue of the kernel sees Ethernet frames.
 */

import { UsageError } from '../../src/core/errors.ts';
import type { LinkSpec } from '../../src/core/link/index.ts';

/** One direction of a link. */
export interface Shape {
  readonly delayMs: number;
  /** Not limited when left out. */
  readonly rateBitsPerSecond?: number;
  /** Nothing is lost when left out; `all`: the link is away, and nobody is told. */
  readonly loss?: Loss | 'all';
}

/** A chain of two states, one step a packet: the good state loses nothing, the bad one everything. */
export interface Loss {
  /** Chance that a packet of the good state is the first to get lost. */
  readonly startProbability: number;
  /** Chance that a packet of the bad state is the first to get through. */
  readonly endProbability: number;
}

/** Both directions of a link. */
export interface Shapes {
  readonly up: Shape;
  readonly down: Shape;
}

/** Packets that may wait: more than any scenario sends in a minute, so that only `loss` loses any. */
export const queuePackets = 10_000;

/** Bytes of an Ethernet header, which netem counts and the link models do not. */
const ethernetHeaderBytes = 14;

/**
 * What a link does to each direction.
 *
 * @throws {@link UsageError} for a link whose rate changes over time: only the simulation has those.
 */
export function shapesOf(link: LinkSpec): Shapes {
  if (link.kind !== 'fixed' && link.kind !== 'bursty') {
    throw new UsageError(`tc cannot shape a link of the kind "${link.kind}": expected fixed: or bursty:`);
  }
  const { rateBitsPerSecond, roundTripMs } = link;
  const delayMs = roundTripMs / 2;
  return {
    up: { delayMs, rateBitsPerSecond, ...(link.kind === 'bursty' && { loss: lossOf(link) }) },
    down: { delayMs },
  };
}

/** The chain of a share of lost packets and the mean length of a burst, see `core/link/bursty-loss-link.ts`. */
function lossOf(link: { readonly lossProbability: number; readonly meanBurstPackets: number }): Loss {
  const endProbability = 1 / link.meanBurstPackets;
  return { startProbability: (endProbability * link.lossProbability) / (1 - link.lossProbability), endProbability };
}

/** The same link while it is away. */
export function awayShapes({ up, down }: Shapes): Shapes {
  return { up: { ...up, loss: 'all' }, down: { ...down, loss: 'all' } };
}

/** The arguments of `tc qdisc replace dev DEV root netem` that shape one direction. */
export function netemArguments({ delayMs, rateBitsPerSecond, loss }: Shape): string[] {
  return [
    ...['limit', `${queuePackets}`, 'delay', `${delayMs}ms`],
    ...lossArguments(loss),
    ...(rateBitsPerSecond === undefined ? [] : ['rate', `${rateBitsPerSecond}bit`, `-${ethernetHeaderBytes}`]),
  ];
}

function lossArguments(loss: Shape['loss']): string[] {
  if (loss === undefined) return [];
  if (loss === 'all') return ['loss', '100%'];
  return ['loss', 'gemodel', percent(loss.startProbability), percent(loss.endProbability)];
}

/** As tc reads it: no exponent. */
const percent = (probability: number): string => `${Number((100 * probability).toFixed(6))}%`;
