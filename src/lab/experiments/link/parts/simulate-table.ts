/** Runs methods on one table over one link: what most parts are made of. */

import type { LinkModel } from '../../../../core/link/index.ts';
import type { DeadlineSetting } from '../link-grid.ts';
import { machineTimes } from '../machine-times.ts';
import type { LinkMethodName } from '../method-names.ts';
import { type PictureSource, simulateMethods } from '../simulate-methods.ts';
import type { MethodResult } from '../simulation/outcome.ts';
import { defaultRequests, poissonRequests, type Scenario } from '../simulation/scenario.ts';
import type { LinkTable, PartContext } from './part.ts';

/** One simulation of some methods. */
export interface TableSimulation {
  readonly table: LinkTable;
  readonly link: LinkModel;
  readonly deadline: DeadlineSetting;
  readonly methods: readonly LinkMethodName[];
  readonly requests: number;
  readonly meanGapMs: number;
}

/** The methods' results, in their order. */
export function simulateTable(
  { grid, pictures }: Pick<PartContext, 'grid' | 'pictures'>,
  { table, link, deadline, methods, requests, meanGapMs }: TableSimulation,
): Promise<MethodResult[]> {
  const { clockStarts, deadlineMs, deviceSlowdown } = deadline;
  const { warmUp } = defaultRequests;
  const { seed } = grid;
  const scenario: Scenario = {
    link,
    deadlineMs,
    clockStarts,
    times: machineTimes(table.timesMs, deadline),
    requests: poissonRequests({ requests, warmUp, meanGapMs, pictures: table.pictures.length, seed }),
    warmUp,
    seed,
  };
  const source = slowedPictures(pictures, deviceSlowdown);
  return simulateMethods({ scenario, model: table.model, pictures: table.pictures, source, methods });
}

/** The same pictures, encoded by a slower device. */
const slowedPictures = (pictures: PictureSource, deviceSlowdown: number): PictureSource => ({
  ...pictures,
  encodeMs: async (codec) => deviceSlowdown * (await pictures.encodeMs(codec)),
});
