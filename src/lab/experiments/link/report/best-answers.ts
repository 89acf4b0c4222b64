/** Who is right in time most often, for every deadline and rate of the heat map. */

import type { HeatMapOutcome } from '../link-result.ts';
import type { LinkMethodName } from '../method-names.ts';

/** What AECNN is held against; of JPEG and WebP the better one. */
const rivals = {
  'JPEG or WebP': ['jpeg', 'webp'],
  'all on the device': ['whole-device'],
  'device alone': ['device'],
} as const satisfies Readonly<Record<string, readonly LinkMethodName[]>>;

/** Who can be best. */
export type Winner = 'AECNN' | keyof typeof rivals;

/** All of them, in the order of the legend. */
export const winners: readonly Winner[] = ['AECNN', ...(Object.keys(rivals) as (keyof typeof rivals)[])];

/** One deadline at one rate; shares from 0 to 1. */
export interface HeatCell {
  readonly deadlineMs: number;
  readonly rateBitsPerSecond: number;
  readonly aecnn: number;
  /** AECNN less the best of the others. */
  readonly lead: number;
  /** Of equals not AECNN, which takes a link. */
  readonly winner: Winner;
}

/** All cells, deadline by deadline, for a device of some speed. */
export interface BestAnswers {
  readonly deviceSlowdown: number;
  readonly cells: readonly HeatCell[];
}

/** The best of every cell, for each speed of the device. */
export function bestAnswers({ maps, deadlinesMs, ratesBitsPerSecond }: HeatMapOutcome): BestAnswers[] {
  const slowdowns = maps.flatMap(({ method, deviceSlowdown }) => (method === 'whole-device' ? [deviceSlowdown] : []));
  return slowdowns.map((deviceSlowdown) => {
    const shareOf = (method: LinkMethodName, i: number, j: number): number => {
      // What does not depend on the device's speed was simulated with one speed only.
      const found = maps.filter((map) => map.method === method);
      const map = found.find((one) => one.deviceSlowdown === deviceSlowdown) ?? found[0];
      return map?.accuracyInTime[i]?.[j] ?? 0;
    };
    const cells = deadlinesMs.flatMap((deadlineMs, i) =>
      ratesBitsPerSecond.map((rateBitsPerSecond, j): HeatCell => {
        const aecnn = shareOf('aecnn', i, j);
        const others = Object.entries(rivals).map(([name, methods]) => ({
          name: name as Winner,
          share: Math.max(...methods.map((method) => shareOf(method, i, j))),
        }));
        const best = others.reduce((a, b) => (b.share > a.share ? b : a));
        const lead = aecnn - best.share;
        return { deadlineMs, rateBitsPerSecond, aecnn, lead, winner: lead > 0 ? 'AECNN' : best.name };
      }),
    );
    return { deviceSlowdown, cells };
  });
}
