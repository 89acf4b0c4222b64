/**
 * Part `heat-map`: right answers in time for every deadline and rate, at one split point. The clock starts when there is
 * something to send, so only the whole network on the device depends on how fast the device is.
 */

import type { LinkMethodName } from '../method-names.ts';
import { fixedLink, type LinkPart, mainTable, pairs, pieces } from './part.ts';
import { simulateTable } from './simulate-table.ts';

/** Methods on a device of some speed. */
interface Subject {
  readonly deviceSlowdown: number;
  readonly methods: readonly LinkMethodName[];
}

/** The part. */
export const heatMapPart: LinkPart<'heat-map'> = {
  reads: [
    'ratesBitsPerSecond',
    'roundTripMs',
    'heatDeadlinesMs',
    'heatSlowdowns',
    'heatEdgeSpeedup',
    'requests',
    'meanGapMs',
    'seed',
  ],
  async run(context) {
    const { grid, inTurn } = context;
    const {
      ratesBitsPerSecond,
      heatDeadlinesMs,
      heatSlowdowns,
      heatEdgeSpeedup: edgeSpeedup,
      requests,
      meanGapMs,
    } = grid;
    const table = mainTable(context.tables);
    const subjects: Subject[] = [
      { deviceSlowdown: 1, methods: ['aecnn', 'device', 'jpeg', 'webp'] },
      ...heatSlowdowns.map((deviceSlowdown): Subject => ({ deviceSlowdown, methods: ['whole-device'] })),
    ];
    const cells = await inTurn(pairs(heatDeadlinesMs, ratesBitsPerSecond), async ([deadlineMs, rate]) => {
      const link = fixedLink(rate, grid);
      const shares: number[] = [];
      for (const { deviceSlowdown, methods } of subjects) {
        const deadline = { clockStarts: 'network', deadlineMs, deviceSlowdown, edgeSpeedup } as const;
        const results = await simulateTable(context, { table, link, deadline, methods, requests, meanGapMs });
        shares.push(...results.map(({ accuracyInTime }) => accuracyInTime));
      }
      return shares;
    });
    const rows = pieces(cells, ratesBitsPerSecond.length);
    const names = subjects.flatMap(({ deviceSlowdown, methods }) =>
      methods.map((method) => ({ method, deviceSlowdown })),
    );
    return {
      split: table.split,
      edgeSpeedup,
      ratesBitsPerSecond,
      deadlinesMs: heatDeadlinesMs,
      maps: names.map((name, map) => ({
        ...name,
        accuracyInTime: rows.map((row) => row.map((cell) => cell[map] as number)),
      })),
    };
  },
};
