/** Options that several commands share, and parsers of numbers that say what they expected. */

import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import envPaths from 'env-paths';

/** Options that every command understands, before or after the command's name. */
export interface GlobalOptions {
  /** Absolute path of the folder for weights, data and features. */
  readonly cache: string;
  /** Use what is in the cache and never the network. */
  readonly offline: boolean;
  /** JSON alone on stdout. */
  readonly json: boolean;
  /** Threads for one op; all cores when left out. */
  readonly threads?: number;
}

/** Returns fresh declarations of the global options. `--cache` falls back to `AECNN_CACHE`, then to the user's cache. */
export function globalOptionDeclarations(): Option[] {
  return [
    new Option('--cache <folder>', 'where weights, data and features are kept')
      .env('AECNN_CACHE')
      .default(envPaths('aecnn', { suffix: '' }).cache)
      .argParser((folder) => resolve(folder)),
    new Option('--offline', 'never use the network').default(false),
    new Option('--threads <number>', 'CPU threads to compute with (default: all cores)').argParser(positiveInteger),
    new Option('--json', 'print JSON alone on stdout').default(false),
  ];
}

/** Parses a whole number of at least 1. */
export function positiveInteger(text: string): number {
  return wholeNumber(text, 1, 'a whole number of at least 1');
}

/** Parses a whole number of at least 0. */
export function nonNegativeInteger(text: string): number {
  return wholeNumber(text, 0, 'a whole number of at least 0');
}

/** Parses whole numbers of at least 1 with commas between them. */
export function positiveIntegers(text: string): number[] {
  return text.split(',').map((part) => wholeNumber(part.trim(), 1, 'whole numbers of at least 1 with commas between'));
}

/** Parses a port: 0 (any free one) to 65535. */
export function portNumber(text: string): number {
  const expected = 'a port from 0 to 65535';
  const port = wholeNumber(text, 0, expected);
  if (port > 65535) throw invalid(text, expected);
  return port;
}

/** Parses a number greater than 0, fractions included. */
export function positiveNumber(text: string): number {
  const value = decimal(text);
  if (!(value > 0 && Number.isFinite(value))) throw invalid(text, 'a number greater than 0');
  return value;
}

/** Parses a number from 0 to 1. */
export function fraction(text: string): number {
  const value = decimal(text);
  if (!(value >= 0 && value <= 1)) throw invalid(text, 'a number from 0 to 1');
  return value;
}

function wholeNumber(text: string, minimum: number, expected: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < minimum) throw invalid(text, expected);
  return value;
}

/** NaN for anything but a plain decimal number: `Number('')` is 0, `Number('0x10')` 16, `Number('Infinity')` infinite. */
function decimal(text: string): number {
  return /^\d+(\.\d*)?(e[-+]?\d+)?$|^\.\d+(e[-+]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

/** Commander puts `option '--threads <number>' argument 'x' is invalid.` before the message. */
function invalid(text: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError(`Expected ${expected}, got ${JSON.stringify(text)}.`);
}
