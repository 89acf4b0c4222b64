/**
 * Numbers with units as people write them, exactly: `1mbit`, `40ms`, `2%`.
 *
 * The twist: every unit is a power of ten, so text and number differ by a shift of the decimal point in the digits. A
 * multiplication would round, and `0.07` would not come back from `7%` as it went.
 */

/** How values of one kind are written. */
export interface Notation<V> {
  /** What is expected, for errors: `a rate from 100bit to 1000gbit`. */
  readonly expected: string;
  /** Reads all of a text; undefined when it is no such value. */
  parse(text: string): V | undefined;
  /** Writes a value so that it is read back as it was. */
  format(value: V): string;
}

/** A kind of numbers. */
export interface QuantityOptions {
  readonly name: string;
  /** Names of the units and their powers of ten, ascending; `''` for a bare number. Read in any case, written as here. */
  readonly units: readonly (readonly [name: string, exponent: number])[];
  readonly min: number;
  readonly max: number;
}

/** Makes the notation of numbers from `min` to `max`, written in the largest unit of which they hold one. */
export function quantity({ name, units, min, max }: QuantityOptions): Notation<number> {
  function parse(text: string): number | undefined {
    const [, digits, unitName = ''] = /^(-?\d+(?:\.\d+)?)([a-z%]*)$/i.exec(text) ?? [];
    const unit = units.find(([known]) => known.toLowerCase() === unitName.toLowerCase());
    if (digits === undefined || unit === undefined) return undefined;
    const value = Number(`${digits}e${unit[1]}`);
    return value >= min && value <= max ? value : undefined;
  }
  function format(value: number): string {
    const largest = units.findLast(([, exponent]) => Math.abs(value) >= 10 ** exponent);
    const [unitName, exponent] = largest ?? units[0] ?? ['', 0];
    return `${shifted(value, -exponent)}${unitName}`;
  }
  return { expected: `${name} from ${format(min)} to ${format(max)}`, parse, format };
}

/** `value * 10 ** places` in plain decimal digits: the fewest that tell the value from its neighbours. */
function shifted(value: number, places: number): string {
  if (value === 0) return '0';
  const [mantissa = '', exponent] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const point = Number(exponent) + 1 + places;
  const sign = value < 0 ? '-' : '';
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
