/** The targets of the link experiment, each judged by the result files: nothing here knows how they came out. */

import { percent, points } from '../../markdown.ts';
import { type Target, type TargetPart, target } from '../../target.ts';
import { linkGrid } from '../link-grid.ts';
import type { UplinkOutcome } from '../link-result.ts';
import type { LinkMethodName } from '../method-names.ts';
import type { MethodResult } from '../simulation/outcome.ts';
import { rateText } from './faster-ranges.ts';
import { accuracyLine, type LinkResults, mainSplitOf, methodLabels, uplinkMethod } from './link-report-data.ts';

/** A hair, so that a lead of exactly so many points counts. */
const tolerance = 1e-9;

/** Rates at which the whole packet does not fit the deadline. */
const slowRates = [20e3, 80e3] as const;

/** How two shares are compared: `leads` by so many points at least. */
const leadPart = (where: string, ours: number, theirs: number, leads: number): TargetPart => ({
  figure: `${where}: ${points(ours - theirs)}`,
  isMet: ours - theirs >= leads - tolerance,
});

/** Ours and others over each uplink to an edge as fast as this machine, by name. */
function uplinkParts(
  results: LinkResults,
  isMeant: (uplink: UplinkOutcome) => boolean,
  part: (where: string, of: (method: LinkMethodName) => MethodResult) => TargetPart,
): TargetPart[] {
  const split = mainSplitOf(results);
  const uplinks = results.traces?.outcome.uplinks.filter((one) => one.edgeSpeedup === 1 && isMeant(one)) ?? [];
  return uplinks.map((uplink) =>
    part(uplink.name, (method) => {
      const found = uplinkMethod(uplink, method, split);
      if (found === undefined)
        throw new RangeError(`traces.json has no ${method} over ${uplink.name}: remove the file and run it again`);
      return found;
    }),
  );
}

const everyUplink = (): boolean => true;
const isDriving = ({ name }: UplinkOutcome): boolean => name.includes('driving');

/** AECNN above others over uplinks, by so many points at least. */
const uplinkLeads = (
  results: LinkResults,
  isMeant: (uplink: UplinkOutcome) => boolean,
  others: readonly LinkMethodName[],
  leads: number,
): TargetPart[] =>
  uplinkParts(results, isMeant, (where, of) => {
    const best = Math.max(...others.map((method) => of(method).accuracyInTime));
    return leadPart(where, of('aecnn').accuracyInTime, best, leads);
  });

/** AECNN beside another method at each rate of the first deadline, which is the one of the targets. */
function rateParts(
  results: LinkResults,
  other: LinkMethodName,
  isMeant: (rate: number) => boolean,
  part: (where: string, ours: number, theirs: number) => TargetPart,
): TargetPart[] {
  const { ratesBitsPerSecond = [], deadlines: [deadline] = [] } = results['accuracy-in-time']?.outcome ?? {};
  const split = mainSplitOf(results);
  const ours = deadline && accuracyLine(deadline, 'aecnn', split)?.accuracyInTime;
  const theirs = deadline && accuracyLine(deadline, other, split)?.accuracyInTime;
  return ratesBitsPerSecond.flatMap((rate, i) =>
    isMeant(rate) && ours && theirs ? [part(rateText(rate), ours[i] as number, theirs[i] as number)] : [],
  );
}

const everyRate = (): boolean => true;
const isSlow = (rate: number): boolean => rate >= slowRates[0] && rate <= slowRates[1];

/** The oracle's share reached, relative to it. */
const oraclePart = (where: string, ours: number, oracle: number): TargetPart => ({
  figure: `${where}: ${percent(ours / oracle)}`,
  isMet: ours >= 0.97 * oracle - tolerance,
});

/** How many times earlier AECNN is than the JPEG of equal accuracy: in transmission alone, and in all. */
function earlierPart(where: string, of: (method: LinkMethodName) => MethodResult): TargetPart {
  const [ours, theirs] = [of('aecnn'), of('jpeg-equal')];
  if (ours.uplinkMs.p50 === undefined) return { figure: `${where}: no whole frame arrived`, isMet: false };
  const times = (key: 'uplinkMs' | 'latencyMs', withoutMs: number): number =>
    ((theirs[key].p50 ?? 0) - withoutMs) / ((ours[key].p50 ?? 0) - withoutMs);
  const [uplink, total] = [times('uplinkMs', linkGrid.roundTripMs / 2), times('latencyMs', 0)];
  return { figure: `${where}: ${uplink.toFixed(1)} and ${total.toFixed(1)} times`, isMet: uplink >= 4 && total >= 2 };
}

/** All targets of the experiment, in their order; an empty part of one says that it was not run. */
export function linkTargets(results: LinkResults): readonly Target[] {
  const fixed = methodLabels['aecnn-fixed'];
  return [
    target(
      '1. answered in time: at least 99.9 %',
      uplinkParts(results, everyUplink, (where, of) => {
        const share = of('aecnn').answeredInTime;
        return { figure: `${where}: ${percent(share, 2)}`, isMet: share >= 0.999 };
      }),
    ),
    target(
      '2. at least 12 points above the best of JPEG and WebP while driving',
      uplinkLeads(results, isDriving, ['jpeg', 'webp'], 0.12),
    ),
    target(
      '2. above JPEG, WebP and JPEG with the device as fallback everywhere',
      uplinkLeads(results, everyUplink, ['jpeg', 'webp', 'jpeg-fallback'], 2 * tolerance),
    ),
    target(
      '2. at least 5 points above one full packet without fallback while driving',
      uplinkLeads(results, isDriving, ['aecnn-fixed-no-fallback'], 0.05),
    ),
    target('2. never below the device alone', uplinkLeads(results, everyUplink, ['device'], 0)),
    target(`3. never below ${fixed}`, [
      ...uplinkLeads(results, everyUplink, ['aecnn-fixed'], 0),
      ...rateParts(results, 'aecnn-fixed', everyRate, (where, ours, theirs) => leadPart(where, ours, theirs, 0)),
    ]),
    target(
      `3. at least 5 points above ${fixed}, at ${rateText(slowRates[0])} to ${rateText(slowRates[1])}`,
      rateParts(results, 'aecnn-fixed', isSlow, (where, ours, theirs) => leadPart(where, ours, theirs, 0.05)),
    ),
    target('3. at least 97 % of the right answers of AECNN that knows the link', [
      ...uplinkParts(results, everyUplink, (where, of) =>
        oraclePart(where, of('aecnn').accuracyInTime, of('oracle').accuracyInTime),
      ),
      ...rateParts(results, 'oracle', everyRate, oraclePart),
    ]),
    target(
      '4. p50 of the transmission at least 4 times and in total 2 times earlier than the JPEG of equal accuracy, while driving',
      uplinkParts(results, isDriving, earlierPart),
    ),
  ];
}
