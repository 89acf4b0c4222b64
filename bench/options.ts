/** Options of the benchmarks: what is wrong with them is the user's to mend, and is told in a sentence. */

import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from '../src/core/errors.ts';

/**
 * Parses the command line.
 *
 * @throws {@link UsageError} when there is an option that is none of these.
 */
export function parseOptions<const Options extends NonNullable<ParseArgsConfig['options']>>(options: Options) {
  try {
    return parseArgs({ options }).values;
  } catch (cause) {
    throw new UsageError(`${cause instanceof Error ? cause.message : cause}; --help shows the options`, { cause });
  }
}

/**
 * Parses a whole number from 1 to 999,999.
 *
 * @throws {@link UsageError} when it is none.
 */
export function wholeNumber(name: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`--${name} must be a whole number from 1, got "${text}"`);
  return Number(text);
}

/** The command as it was given, for the record. */
export function commandLine(benchmark: string): string {
  const words = process.argv.slice(2);
  return [`npm run ${benchmark}`, ...(words.length > 0 ? ['--', ...words] : [])].join(' ');
}
