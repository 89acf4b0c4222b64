/**
 * The one spelling of a link: on the command line, in results, between processes. docs/links.md shows it.
 *
 *     kind:parameter,parameter,...        fixed:1mbit,rtt=40ms
 *
 * All kinds are one table: which parameters each has, how they are written, and what holds when they are left out.
 */

import { UsageError } from '../errors.ts';
import { type BurstyLoss, leastBurstPackets } from './bursty-loss-link.ts';
import type { FixedRate } from './fixed-rate-link.ts';
import { type Notation, quantity } from './quantity.ts';
import { ergodicCapacityBitsPerSecond, leastCapacityBitsPerSecond, type RayleighFading } from './rayleigh-link.ts';

/** A link of fixed rate. */
export interface FixedLinkSpec extends FixedRate {
  readonly kind: 'fixed';
}

/** A fading wireless link. */
export interface RayleighLinkSpec extends RayleighFading {
  readonly kind: 'rayleigh';
}

/** A recorded link. */
export interface TraceLinkSpec {
  readonly kind: 'trace';
  /** Whatever finds the trace: a path, most often. No comma in it. */
  readonly file: string;
  /** Propagation there and back, in ms. */
  readonly roundTripMs: number;
}

/** A link that loses packets in bursts. */
export interface BurstyLinkSpec extends BurstyLoss {
  readonly kind: 'bursty';
}

/** Any link. */
export type LinkSpec = FixedLinkSpec | RayleighLinkSpec | TraceLinkSpec | BurstyLinkSpec;

interface Parameter<V> {
  /** Undefined when it stands first, without a name. */
  readonly key?: string;
  readonly notation: Notation<V>;
  /** What holds when it is left out; it may not be where there is nothing here. */
  readonly otherwise?: V;
}

interface Kind<S extends LinkSpec> {
  /** A right spelling, for errors. */
  readonly example: string;
  /** In the order in which they are written. */
  readonly parameters: { readonly [P in keyof Omit<S, 'kind'>]: Parameter<S[P]> };
  /** What is wrong with a link each of whose parameters is right. */
  trouble?(spec: S): string | undefined;
}

const bitUnits = [
  ['bit', 0],
  ['kbit', 3],
  ['mbit', 6],
  ['gbit', 9],
] as const;
const hertzUnits = [
  ['Hz', 0],
  ['kHz', 3],
  ['MHz', 6],
] as const;
const msUnits = [
  ['ms', 0],
  ['s', 3],
] as const;
const metreUnits = [
  ['m', 0],
  ['km', 3],
] as const;

const rate = quantity({ name: 'a rate', units: bitUnits, min: 100, max: 1e12 });
const bandwidth = quantity({ name: 'a bandwidth', units: hertzUnits, min: 1, max: 1e10 });
const power = quantity({ name: 'a power', units: [['dBm', 0]], min: -100, max: 100 });
const distance = quantity({ name: 'a distance', units: metreUnits, min: 1, max: 1e6 });
const exponent = quantity({ name: 'a number', units: [['', 0]], min: 1, max: 10 });
const decibels = quantity({ name: 'a ratio', units: [['dB', 0]], min: 0, max: 200 });
const coherence = quantity({ name: 'a time', units: msUnits, min: 1, max: 3_600_000 });
const share = quantity({ name: 'a share', units: [['%', -2]], min: 0, max: 0.999 });
const burst = quantity({ name: 'a number of packets', units: [['', 0]], min: 1, max: 1000 });
const file: Notation<string> = {
  expected: 'the name of a file, without a comma',
  parse: (text) => text || undefined,
  format: (name) => {
    if (name === '' || name.includes(',')) throw new RangeError(`file must have a name without a comma, got "${name}"`);
    return name;
  },
};

const roundTripMs = {
  key: 'rtt',
  notation: quantity({ name: 'a time', units: msUnits, min: 0, max: 60_000 }),
  otherwise: 40,
};

const kinds: { readonly [K in LinkSpec['kind']]: Kind<Extract<LinkSpec, { kind: K }>> } = {
  fixed: { example: 'fixed:1mbit,rtt=40ms', parameters: { rateBitsPerSecond: { notation: rate }, roundTripMs } },
  rayleigh: {
    example: 'rayleigh:bandwidth=1MHz,power=20dBm,distance=200m,rtt=40ms',
    parameters: {
      bandwidthHz: { key: 'bandwidth', notation: bandwidth },
      transmitPowerDbm: { key: 'power', notation: power },
      distanceM: { key: 'distance', notation: distance },
      pathLossExponent: { key: 'exponent', notation: exponent, otherwise: 3.5 },
      referenceLossDb: { key: 'reference', notation: decibels, otherwise: 40 },
      noiseFigureDb: { key: 'noise', notation: decibels, otherwise: 7 },
      coherenceMs: { key: 'coherence', notation: coherence, otherwise: 50 },
      roundTripMs,
    },
    trouble(spec) {
      const carried = ergodicCapacityBitsPerSecond(spec);
      if (carried >= leastCapacityBitsPerSecond) return undefined;
      return `carries ${carried.toPrecision(2)} bits a second: expected ${leastCapacityBitsPerSecond} or more, by more power or at less distance`;
    },
  },
  trace: { example: 'trace:drive.up,rtt=40ms', parameters: { file: { notation: file }, roundTripMs } },
  bursty: {
    example: 'bursty:1mbit,loss=2%,burst=4,rtt=40ms',
    parameters: {
      rateBitsPerSecond: { notation: rate },
      lossProbability: { key: 'loss', notation: share },
      meanBurstPackets: { key: 'burst', notation: burst },
      roundTripMs,
    },
    trouble({ lossProbability, meanBurstPackets }) {
      const least = leastBurstPackets(lossProbability);
      if (meanBurstPackets >= least) return undefined;
      const text = `${Math.ceil(100 * least) / 100}`;
      return `has "burst=${burst.format(meanBurstPackets)}": expected ${text} or more, which chance alone makes of ${share.format(lossProbability)}`;
    },
  },
};

/** A parameter of any kind: which belongs to which the table's type has settled. */
type AnyParameter = readonly [property: string, parameter: Parameter<string | number>];

function parametersOf(kind: LinkSpec['kind']): readonly AnyParameter[] {
  return Object.entries(kinds[kind].parameters) as unknown as readonly AnyParameter[];
}

/**
 * Reads the spelling of a link. What is left out gets its default.
 *
 * @throws {@link UsageError} that names what is wrong, where, and shows what is right.
 */
export function parseLinkSpec(text: string): LinkSpec {
  const kind = text.slice(0, Math.max(0, text.indexOf(':')));
  if (!isKind(kind)) {
    const known = Object.keys(kinds).map((name) => `${name}:`);
    throw new UsageError(
      `the link "${text}" is of no known kind: begin it with ${known.slice(0, -1).join(', ')} or ${known.at(-1)}, e.g. ${kinds.fixed.example}`,
    );
  }
  const { example } = kinds[kind];
  const wrong = (what: string): UsageError => new UsageError(`the link "${text}" ${what}, e.g. ${example}`);

  const parameters = parametersOf(kind);
  const given = new Map<string | undefined, string>();
  for (const [i, part] of text
    .slice(kind.length + 1)
    .split(',')
    .entries()) {
    const isNamed = i > 0 || parameters.every(([, { key }]) => key !== undefined);
    const equals = part.indexOf('=');
    const key = isNamed ? part.slice(0, Math.max(0, equals)) : undefined;
    if (!parameters.some(([, parameter]) => parameter.key === key)) {
      const keys = parameters.flatMap(([, parameter]) => (parameter.key === undefined ? [] : `${parameter.key}=`));
      throw wrong(`has "${part}", which is none of its parameters: expected ${keys.join(', ')}`);
    }
    if (given.has(key)) throw wrong(`has ${key}= twice: expected it once`);
    given.set(key, isNamed ? part.slice(equals + 1) : part);
  }
  const values = parameters.map(([property, { key, notation, otherwise }]) => {
    const written = given.get(key);
    const value = written === undefined ? otherwise : notation.parse(written);
    if (value !== undefined) return [property, value] as const;
    const name = key === undefined ? '' : `${key}=`;
    throw wrong(
      written === undefined
        ? `lacks ${name}: expected ${notation.expected}`
        : `has "${name}${written}": expected ${notation.expected}`,
    );
  });
  // The table names exactly the properties of each kind.
  const spec = { kind, ...Object.fromEntries(values) } as unknown as LinkSpec;
  const trouble = kinds[kind].trouble?.(spec as never);
  if (trouble !== undefined) throw wrong(trouble);
  return spec;
}

/**
 * Writes a link in full, defaults too: `parseLinkSpec` reads back an equal one.
 *
 * @throws {@link RangeError} when the file of a trace has no name, or a comma in it.
 */
export function formatLinkSpec(spec: LinkSpec): string {
  const parts = parametersOf(spec.kind).map(([property, { key, notation }]) => {
    const value = notation.format(spec[property as keyof LinkSpec]);
    return key === undefined ? value : `${key}=${value}`;
  });
  return `${spec.kind}:${parts.join(',')}`;
}

function isKind(text: string): text is LinkSpec['kind'] {
  return Object.hasOwn(kinds, text);
}
