/** Part `traces`: all methods over recorded uplinks, as `aecnn simulate` runs them. */

import type { UplinkOutcome } from '../link-result.ts';
import { type LinkMethodName, linkMethodNames } from '../method-names.ts';
import { type LinkPart, mainTable, pairs, pieces } from './part.ts';
import { simulateTable } from './simulate-table.ts';

/** Methods that only concern pictures; all others have to do with a split point. */
const pictureMethods = ['jpeg', 'webp', 'jpeg-equal'] as const satisfies readonly LinkMethodName[];

const splitMethods = linkMethodNames.filter((name) => !(pictureMethods as readonly string[]).includes(name));

/** The part. */
export const tracesPart: LinkPart<'traces'> = {
  reads: ['roundTripMs', 'traceDeadlineMs', 'traceEdgeSpeedups', 'traceRequests', 'meanGapMs', 'seed'],
  async run(context) {
    const { grid, tables, uplinks, inTurn } = context;
    const { traceDeadlineMs: deadlineMs, traceEdgeSpeedups, traceRequests: requests, meanGapMs } = grid;
    const subjects = [
      ...tables.map((table) => ({ table, methods: splitMethods })),
      { table: mainTable(tables), methods: pictureMethods },
    ];
    const settings = pairs(uplinks, traceEdgeSpeedups);
    const runs = await inTurn(pairs(settings, subjects), ([[{ link }, edgeSpeedup], subject]) => {
      const deadline = { clockStarts: 'network', deadlineMs, deviceSlowdown: 1, edgeSpeedup } as const;
      return simulateTable(context, { ...subject, link, deadline, requests, meanGapMs });
    });
    const ofSettings = pieces(runs, subjects.length);
    return {
      deadlineMs,
      uplinks: settings.map(([{ name }, edgeSpeedup], i): UplinkOutcome => {
        const ofSetting = ofSettings[i] ?? [];
        return {
          name,
          edgeSpeedup,
          splits: tables.map(({ split }, j) => ({ split, methods: ofSetting[j] ?? [] })),
          pictures: ofSetting.at(-1) ?? [],
        };
      }),
    };
  },
};
