/** The result files of the link experiment as the documents need them, and how documents name what is in them. */

import { isDeepStrictEqual } from 'node:util';
import type { SplitPoint } from '../../../../core/model/index.ts';
import { thousands } from '../../markdown.ts';
import type { DeadlineSetting } from '../link-grid.ts';
import type {
  AccuracyAtDeadline,
  AccuracyLine,
  CompletionLine,
  CompletionWay,
  LinkPartName,
  LinkResult,
  UplinkOutcome,
} from '../link-result.ts';
import type { MachineScale } from '../machine-times.ts';
import type { LinkMethodName } from '../method-names.ts';
import type { MethodResult } from '../simulation/outcome.ts';

/** All result files of a folder, by part. */
export type LinkResults = { readonly [Name in LinkPartName]?: LinkResult<Name> };

/**
 * Results by their parts.
 *
 * @throws RangeError when two of them were run with other pictures or models: they cannot stand on one page.
 */
export function linkResults(results: readonly LinkResult[]): LinkResults {
  const basis = ({ settings, models }: LinkResult) => ({ protocol: settings.protocol, models });
  const [first] = results;
  const other = results.find((result) => first && !isDeepStrictEqual(basis(result), basis(first)));
  if (first && other) {
    throw new RangeError(
      `${first.part}.json and ${other.part}.json were run with different pictures, models or times: give the command of ` +
        'one of them again, and it runs what does not fit',
    );
  }
  return Object.fromEntries(results.map((result) => [result.part, result]));
}

/** Any of the results, for what all have in common. */
export const anyResult = (results: LinkResults): LinkResult | undefined => Object.values(results)[0];

/** Methods as the documents call them. */
export const methodLabels: { readonly [Name in LinkMethodName]: string } = {
  aecnn: 'AECNN',
  'aecnn-fixed': 'AECNN, always one full packet',
  'aecnn-fixed-no-fallback': 'the same without the device as fallback',
  jpeg: 'JPEG',
  webp: 'WebP',
  'jpeg-fallback': 'JPEG, else the device',
  'jpeg-equal': 'JPEG as right as uncompressed',
  device: 'device alone',
  'whole-device': 'whole network on the device',
  oracle: 'AECNN that knows the link',
};

/** Where one split point must stand for all: conv4_x, or the last one that takes part. */
export function mainSplitOf(results: LinkResults): SplitPoint | undefined {
  const splits = anyResult(results)?.models.map(({ split }) => split);
  return splits?.find((split) => split === 'conv4_x') ?? splits?.at(-1);
}

/** Split points that take part. */
export const splitsOf = (results: LinkResults): readonly SplitPoint[] =>
  anyResult(results)?.models.map(({ split }) => split) ?? [];

/** `device 8 times slower, edge as fast`; the machine that was measured is what they are compared with. */
export function machineText({ deviceSlowdown, edgeSpeedup }: MachineScale): string {
  const device = deviceSlowdown === 1 ? 'as fast' : `${deviceSlowdown} times slower`;
  const edge = edgeSpeedup === 1 ? 'as fast' : `${edgeSpeedup} times faster`;
  return `device ${device}, edge ${edge}`;
}

/** The machine that times were measured on. */
export function cpuText(results: LinkResults): string {
  const { cores, cpu } = anyResult(results)?.provenance.machine ?? { cores: 0, cpu: 'an unknown machine' };
  return `${cores} cores of ${cpu}`;
}

/** `100 ms without device time`, `1,000 ms end to end`. */
export const deadlineText = ({
  clockStarts,
  deadlineMs,
}: Pick<DeadlineSetting, 'clockStarts' | 'deadlineMs'>): string =>
  `${thousands(deadlineMs)} ms ${clockStarts === 'network' ? 'without device time' : 'end to end'}`;

/** The times of a way on a pair of machines. */
export const completionLine = (
  { completion }: LinkResults,
  machine: MachineScale,
  way: CompletionWay,
  split?: SplitPoint,
): CompletionLine | undefined =>
  completion?.outcome.lines.find(
    (line) =>
      line.way === way &&
      line.split === split &&
      line.deviceSlowdown === machine.deviceSlowdown &&
      line.edgeSpeedup === machine.edgeSpeedup,
  );

/** Pairs of machines that were simulated. */
export function machinesOf({ completion }: LinkResults): MachineScale[] {
  const texts = new Map<string, MachineScale>();
  for (const { deviceSlowdown, edgeSpeedup } of completion?.outcome.lines ?? []) {
    texts.set(`${deviceSlowdown}/${edgeSpeedup}`, { deviceSlowdown, edgeSpeedup });
  }
  return [...texts.values()];
}

/** A method under a deadline; of a split point where it has one. */
export const accuracyLine = (
  { lines }: AccuracyAtDeadline,
  method: LinkMethodName,
  split?: SplitPoint,
): AccuracyLine | undefined => lines.find((line) => line.method === method && line.split === split);

/** At each rate the better one of JPEG and WebP. */
export function betterPicture(deadline: AccuracyAtDeadline): readonly number[] | undefined {
  const jpeg = accuracyLine(deadline, 'jpeg')?.accuracyInTime;
  const webp = accuracyLine(deadline, 'webp')?.accuracyInTime;
  return jpeg?.map((share, i) => Math.max(share, webp?.[i] ?? 0));
}

/** A method over a recorded uplink; one that only concerns pictures whatever the split point. */
export const uplinkMethod = (
  { splits, pictures }: UplinkOutcome,
  method: LinkMethodName,
  split: SplitPoint | undefined,
): MethodResult | undefined =>
  [...(splits.find((one) => one.split === split)?.methods ?? []), ...pictures].find((one) => one.method === method);
