/** Where offloading with AECNN pays: before the picture, and before the whole network on the device. */

import type { SplitPoint } from '../../../../core/model/index.ts';
import type { CompletionWay } from '../link-result.ts';
import type { MachineScale } from '../machine-times.ts';
import { commonRanges, fasterRanges, type RateRange } from './faster-ranges.ts';
import { completionLine, type LinkResults, machinesOf, splitsOf } from './link-report-data.ts';

/** One split point on one pair of machines. */
export interface Favourable extends MachineScale {
  readonly split: SplitPoint;
  /** Rates at which AECNN is done before each. */
  readonly beforeEqualJpeg: readonly RateRange[];
  readonly beforeUsualJpeg: readonly RateRange[];
  readonly beforeWholeDevice: readonly RateRange[];
  /** Before the JPEG of equal accuracy and the whole network on the device. */
  readonly first: readonly RateRange[];
}

/** Whether two pairs of machines are the same. */
export const isSameMachine = (a: MachineScale, b: MachineScale): boolean =>
  a.deviceSlowdown === b.deviceSlowdown && a.edgeSpeedup === b.edgeSpeedup;

/** Every split point on every pair of machines; none when that was not run. */
export function favourable(results: LinkResults): Favourable[] {
  const { ratesBitsPerSecond = [] } = results.completion?.outcome ?? {};
  return machinesOf(results).flatMap((machine) =>
    splitsOf(results).map((split) => {
      const ours = completionLine(results, machine, 'aecnn', split)?.p50Ms ?? [];
      const before = (way: CompletionWay): RateRange[] =>
        fasterRanges(ratesBitsPerSecond, ours, completionLine(results, machine, way)?.p50Ms ?? []);
      const [beforeEqualJpeg, beforeWholeDevice] = [before('jpeg-equal'), before('whole-device')];
      return {
        ...machine,
        split,
        beforeEqualJpeg,
        beforeUsualJpeg: before('jpeg-75'),
        beforeWholeDevice,
        first: commonRanges(beforeEqualJpeg, beforeWholeDevice),
      };
    }),
  );
}
