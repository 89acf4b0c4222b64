/** Targets that were set before an experiment was run, judged by its result files. */

import { markdownTable } from './markdown.ts';

/** How a target stands. */
export interface Target {
  readonly name: string;
  /** What decides, in figures: one of each part. */
  readonly figures: readonly string[];
  readonly verdict: 'met' | 'missed' | 'undecided';
}

/** Part of a target: one split point, size, budget or link. */
export interface TargetPart {
  readonly figure: string;
  /** Undefined when it was not run, or what was run does not decide. */
  readonly isMet: boolean | undefined;
}

/** A target is missed with any of its parts, and met with all of them. */
export function target(name: string, parts: readonly TargetPart[]): Target {
  const hasFailed = parts.some(({ isMet }) => isMet === false);
  const isComplete = parts.length > 0 && parts.every(({ isMet }) => isMet !== undefined);
  const verdict = hasFailed ? 'missed' : isComplete ? 'met' : 'undecided';
  return { name, verdict, figures: parts.length > 0 ? parts.map(({ figure }) => figure) : ['not run yet'] };
}

/** Targets as a table: whether they are met, and the figures, each on a line of its cell. */
export const targetTable = (targets: readonly Target[]): string =>
  markdownTable(
    ['target', '', 'figures'],
    targets.map(({ name, verdict, figures }) => [name, `**${verdict}**`, figures.join('<br>')]),
  );
