/** At which rates one way is done before another: where two curves of time against rate cross. */

import { listed } from '../../markdown.ts';

/** Rates between two limits, in bits a second; 0 and infinity stand for the ends of what was simulated. */
export interface RateRange {
  readonly from: number;
  readonly to: number;
}

/** Every rate. */
export const everyRate: RateRange = { from: 0, to: Number.POSITIVE_INFINITY };

/**
 * Ranges of rates in which the first of two ways takes less time. Crossings are interpolated with both axes logarithmic.
 *
 * @param rates - Rising, in bits a second.
 * @param ours - Time at each rate.
 * @param theirs - Likewise.
 */
export function fasterRanges(
  rates: readonly number[],
  ours: readonly number[],
  theirs: readonly number[],
): RateRange[] {
  const gaps = rates.map((_, i) => Math.log((ours[i] as number) / (theirs[i] as number)));
  const ranges: RateRange[] = [];
  let from: number | undefined = (gaps[0] ?? 0) < 0 ? everyRate.from : undefined;
  for (let i = 1; i < gaps.length; i++) {
    const [before, after] = [gaps[i - 1] as number, gaps[i] as number];
    if (before < 0 === after < 0) continue;
    const [low, high] = [rates[i - 1] as number, rates[i] as number];
    const crossing = low * (high / low) ** (before / (before - after));
    if (from === undefined) from = crossing;
    else {
      ranges.push({ from, to: crossing });
      from = undefined;
    }
  }
  return from === undefined ? ranges : [...ranges, { from, to: everyRate.to }];
}

/** Rates that are in a range of both lists. */
export const commonRanges = (first: readonly RateRange[], second: readonly RateRange[]): RateRange[] =>
  first
    .flatMap((a) => second.map((b) => ({ from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) })))
    .filter(({ from, to }) => from < to);

/** Rates that are in any of some ranges, as few ranges as possible, rising. */
export function joinedRanges(ranges: readonly RateRange[]): RateRange[] {
  const joined: RateRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last === undefined || range.from > last.to) joined.push(range);
    else joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
  }
  return joined;
}

/** `850 kbit/s`, `1.2 Mbit/s`: two digits. */
export function rateText(bitsPerSecond: number): string {
  const digits = Number(bitsPerSecond.toPrecision(2));
  return digits < 1e6 ? `${digits / 1e3} kbit/s` : `${digits / 1e6} Mbit/s`;
}

/** `below 850 kbit/s`, `above ...`, `... to ...`, `at every rate`, `at no rate`. */
export function rangesText(ranges: readonly RateRange[]): string {
  if (ranges.length === 0) return 'at no rate';
  return ranges
    .map(({ from, to }) => {
      if (from === everyRate.from && to === everyRate.to) return 'at every rate';
      if (from === everyRate.from) return `below ${rateText(to)}`;
      if (to === everyRate.to) return `above ${rateText(from)}`;
      return rateText(from) === rateText(to) ? `about ${rateText(from)}` : `${rateText(from)} to ${rateText(to)}`;
    })
    .join(', ');
}

/** At which rates of a grid something holds: `at every rate`, `at no rate`, `at 20 kbit/s to 1 Mbit/s`. */
export function ratesWhere(rates: readonly number[], holds: readonly boolean[]): string {
  if (holds.every((one) => one)) return 'at every rate';
  const runs: number[][] = [];
  for (const [i, rate] of rates.entries()) {
    if (!holds[i]) continue;
    if (holds[i - 1]) runs.at(-1)?.push(rate);
    else runs.push([rate]);
  }
  if (runs.length === 0) return 'at no rate';
  const text = ([first = 0, ...others]: readonly number[]): string => {
    const last = others.at(-1);
    return last === undefined ? rateText(first) : `${rateText(first)} to ${rateText(last)}`;
  };
  return `at ${listed(runs.map(text))}`;
}
