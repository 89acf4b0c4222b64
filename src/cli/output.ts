/**
 * How every command speaks: results on stdout, progress and logs on stderr, tables, progress bars, JSON.
 *
 * The twist: with `--json` stdout carries one JSON value and nothing else, so that a pipe can parse it.
 */

import cliProgress from 'cli-progress';
import Table from 'cli-table3';
import pc from 'picocolors';

export { runCommand } from './run-command.ts';

/** Colours for stderr, empty functions when stderr is no terminal or `NO_COLOR` is set. */
const logColours: ReturnType<typeof pc.createColors> = pc.createColors(
  process.stderr.isTTY === true && pc.isColorSupported,
);

/** Prints one JSON value, indented, with a line end: the only thing on stdout under `--json`. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Prints a line of a result on stdout. */
export function printLine(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Prints a line for the person who waits, on stderr. */
export function logLine(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Prints a warning on stderr: the command goes on. */
export function logWarning(message: string): void {
  logLine(`${logColours.yellow('warning:')} ${message}`);
}

/**
 * Lays out a table as text, columns of numbers to the right.
 *
 * @param head - Column titles; units belong here.
 * @param rows - Cells as they are to be read, `head.length` a row. `undefined` shows as a dash.
 */
export function table(head: readonly string[], rows: readonly (readonly (string | number | undefined)[])[]): string {
  const numeric = head.map((_, column) => rows.length > 0 && rows.every((row) => looksNumeric(row[column])));
  const layout = new Table({
    head: [...head],
    colAligns: numeric.map((isNumber) => (isNumber ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) layout.push(head.map((_, column) => String(row[column] ?? '-')));
  return layout.toString();
}

/** A bar on stderr. Without a terminal it becomes a line every few seconds. */
export interface ProgressBar {
  /** Sets the number of units done. */
  update(done: number): void;
  /** Adds to the number of units done. */
  advance(units?: number): void;
  /** Ends the bar where it stands; call it also when the work failed. */
  stop(): void;
}

/** How a progress bar shows its numbers. */
export interface ProgressBarOptions {
  /** `bytes` shows the numbers as MB. */
  readonly unit?: 'items' | 'bytes';
}

/**
 * Starts a progress bar on stderr.
 *
 * @param label - What is going on, e.g. `features`.
 * @param total - Units in all.
 */
export function progressBar(label: string, total: number, options: ProgressBarOptions = {}): ProgressBar {
  const show = (value: number) => (options.unit === 'bytes' ? `${(value / 1e6).toFixed(1)} MB` : String(value));
  const bar = new cliProgress.SingleBar({
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: 5000,
    hideCursor: true,
    clearOnComplete: false,
    barsize: 24,
    format: (_options, parameters) => {
      const percent = Math.floor(100 * Math.min(1, parameters.progress));
      const filled = Math.round(24 * Math.min(1, parameters.progress));
      const seconds = Math.round((Date.now() - parameters.startTime) / 1000);
      const drawn = '█'.repeat(filled) + '░'.repeat(24 - filled);
      return `${label} ${drawn} ${percent} %  ${show(parameters.value)} of ${show(parameters.total)}  ${seconds} s`;
    },
  });
  bar.start(total, 0);
  return {
    update: (done) => bar.update(done),
    advance: (units = 1) => bar.increment(units),
    stop: () => bar.stop(),
  };
}

function looksNumeric(cell: string | number | undefined): boolean {
  return cell === undefined || typeof cell === 'number' || /^[-+]?[\d.,]+( ?[%x]| ms| s| B)?$|^-$/.test(cell);
}

/** One progress bar at a time, for whatever is under way. */
export function labelledBars() {
  let current: { label: string; total: number; bar: ReturnType<typeof progressBar> } | undefined;
  const stop = (): void => {
    current?.bar.stop();
    current = undefined;
  };
  return {
    stop,
    update(label: string, done: number, total: number): void {
      if (current?.label !== label || current.total !== total) {
        stop();
        current = { label, total, bar: progressBar(label, total) };
      }
      current.bar.update(done);
      if (done >= total) stop();
    },
  };
}
