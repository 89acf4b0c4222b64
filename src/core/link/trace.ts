/**
 * Recorded links as text, in either of two common formats, told apart by the first line:
 *
 *     831              mahimahi: at this millisecond one packet of up to 1,500 bytes can leave;
 *     880              the same number twice: two packets. The recording lasts until its last line.
 *     880
 *
 *     0.0   1.25       seconds and Mbit/s, between them spaces, a tab or a comma: the rate until the next line.
 *     0.5   0.75       Times count from the first line; the last rate holds as long as the one before it, a single one
 *     1.5,  2          for 1 s.
 *
 * Empty lines and those that begin with `#` count for nothing. Mahimahi's format: Netravali et al., "Mahimahi: accurate
 * record-and-replay for HTTP", USENIX ATC 2015; Winstein et al., "Stochastic forecasts achieve high throughput and low delay
 * over cellular networks", NSDI 2013, recorded such traces.
 */

import { DatasetError } from '../errors.ts';

/** The moments at which one packet each can leave. */
export interface OpportunityTrace {
  readonly kind: 'opportunities';
  /** In ms, ascending, the last at {@link periodMs}. */
  readonly atMs: Float64Array;
  /** After which it begins again, in ms, above 0. */
  readonly periodMs: number;
}

/** A rate that changes from moment to moment. */
export interface RateTrace {
  readonly kind: 'rates';
  /** When each rate begins to hold, in ms, ascending from 0. */
  readonly fromMs: Float64Array;
  /** At least 0, one of them above. */
  readonly rateBitsPerSecond: Float64Array;
  /** After which it begins again, in ms, above all of {@link fromMs}. */
  readonly periodMs: number;
}

/** A recorded link. Both kinds repeat for ever. */
export type Trace = OpportunityTrace | RateTrace;

interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
}

/**
 * Reads a recorded link.
 *
 * @param name - What errors call it: its file.
 * @throws {@link DatasetError} naming the line that is no line of the format, or saying that nothing can ever leave.
 */
export function parseTrace(text: string, name = 'the trace'): Trace {
  const lines = text
    .split('\n')
    .map((line, i): Line => ({ number: i + 1, text: line.trim() }))
    .filter((line) => line.text !== '' && !line.text.startsWith('#'));
  const [first] = lines;
  if (first === undefined)
    throw new DatasetError(`${name} is empty: expected a line for each packet, or rates by time`);
  return fieldsOf(first).length === 1 ? parseOpportunities(lines, name) : parseRates(lines, name);
}

function parseOpportunities(lines: readonly Line[], name: string): OpportunityTrace {
  let lastMs = 0;
  const atMs = Float64Array.from(lines, (line) => {
    const ms = /^\d{1,15}$/.test(line.text) ? Number(line.text) : Number.NaN;
    if (!(ms >= lastMs)) throw unreadable(name, line, `a whole number of milliseconds, ${lastMs} or more`);
    lastMs = ms;
    return ms;
  });
  if (lastMs === 0) throw new DatasetError(`${name} ends at 0 ms: expected a last line above 0`);
  return { kind: 'opportunities', atMs, periodMs: lastMs };
}

function parseRates(lines: readonly Line[], name: string): RateTrace {
  let firstMs: number | undefined;
  let lastMs = Number.NEGATIVE_INFINITY;
  const fromMs = new Float64Array(lines.length);
  const rateBitsPerSecond = new Float64Array(lines.length);
  for (const [i, line] of lines.entries()) {
    const [seconds = Number.NaN, megabits = Number.NaN, ...more] = fieldsOf(line).map(decimal);
    const ms = 1000 * seconds;
    if (!(ms > lastMs && megabits >= 0) || more.length > 0) {
      const after = i === 0 ? '' : `, after ${lastMs / 1000} s`;
      throw unreadable(name, line, `a time in seconds and a rate in Mbit/s, such as "12.5 0.8"${after}`);
    }
    firstMs ??= ms;
    lastMs = ms;
    fromMs[i] = ms - firstMs;
    rateBitsPerSecond[i] = 1e6 * megabits;
  }
  if (rateBitsPerSecond.every((rate) => rate === 0)) {
    throw new DatasetError(`${name} has no rate above 0: expected one at least, or nothing ever leaves`);
  }
  const [last = 0, before] = [fromMs.at(-1), fromMs.at(-2)];
  return { kind: 'rates', fromMs, rateBitsPerSecond, periodMs: last + (before === undefined ? 1000 : last - before) };
}

function fieldsOf({ text }: Line): string[] {
  return text.split(/\s*,\s*|\s+/);
}

function decimal(text: string): number {
  return /^\d{1,15}(\.\d*)?$/.test(text) ? Number(text) : Number.NaN;
}

function unreadable(name: string, { number, text }: Line, expected: string): DatasetError {
  return new DatasetError(`${name}, line ${number}: expected ${expected}, got ${JSON.stringify(text.slice(0, 40))}`);
}
