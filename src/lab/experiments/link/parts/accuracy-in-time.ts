/** Part `accuracy-in-time`: right answers in time against the rate of a fixed link, for a few deadlines and machines. */

import type { DeadlineSetting } from '../link-grid.ts';
import type { AccuracyAtDeadline, AccuracyLine } from '../link-result.ts';
import type { LinkMethodName } from '../method-names.ts';
import type { MethodResult } from '../simulation/outcome.ts';
import { fixedLink, type LinkPart, type LinkTable, mainTable, type PartContext, pairs, pieces } from './part.ts';
import { simulateTable } from './simulate-table.ts';

/** Methods that every split point has its own of. */
const splitMethods = ['aecnn', 'aecnn-fixed', 'device', 'oracle'] as const satisfies readonly LinkMethodName[];

/** Methods that only concern pictures. */
const pictureMethods = ['jpeg', 'webp', 'whole-device'] as const satisfies readonly LinkMethodName[];

/** Methods on the table that stands for them. */
interface Subject {
  readonly table: LinkTable;
  readonly methods: readonly LinkMethodName[];
  readonly isSplit: boolean;
}

/** The part. */
export const accuracyPart: LinkPart<'accuracy-in-time'> = {
  reads: ['ratesBitsPerSecond', 'roundTripMs', 'deadlines', 'requests', 'meanGapMs', 'seed'],
  async run(context) {
    const { grid, tables, inTurn } = context;
    const { ratesBitsPerSecond, deadlines, requests } = grid;
    const subjects: Subject[] = [
      ...tables.map((table) => ({ table, methods: splitMethods, isSplit: true })),
      { table: mainTable(tables), methods: pictureMethods, isSplit: false },
    ];
    const runs = await inTurn(pairs(pairs(deadlines, subjects), ratesBitsPerSecond), ([[deadline, subject], rate]) =>
      simulateTable(context, {
        ...subject,
        link: fixedLink(rate, grid),
        deadline,
        requests,
        meanGapMs: meanGapOf(deadline, context),
      }),
    );
    const ofSubjects = pieces(runs, ratesBitsPerSecond.length);
    return {
      ratesBitsPerSecond,
      deadlines: pieces(ofSubjects, subjects.length).map((ofDeadline, i): AccuracyAtDeadline => {
        const deadline = deadlines[i] as DeadlineSetting;
        const lines = ofDeadline.flatMap((atRates, j) => linesOf(subjects[j] as Subject, atRates));
        return { ...deadline, meanGapMs: meanGapOf(deadline, context), lines };
      }),
    };
  },
};

/**
 * Where the device's time counts, requests come so seldom that it is idle half of the time at the last split point: a device
 * that cannot keep up misses every deadline, on any link.
 */
function meanGapOf({ clockStarts, deviceSlowdown }: DeadlineSetting, { grid, tables }: PartContext): number {
  if (clockStarts === 'network') return grid.meanGapMs;
  const longestMs = Math.max(...tables.map(({ timesMs }) => deviceSlowdown * timesMs.device));
  return Math.max(grid.meanGapMs, 2 * longestMs);
}

/** A line for each method of a subject. */
const linesOf = ({ table, methods, isSplit }: Subject, atRates: readonly (readonly MethodResult[])[]): AccuracyLine[] =>
  methods.map((method, i) => ({
    method,
    ...(isSplit && { split: table.split }),
    accuracyInTime: atRates.map((results) => (results[i] as MethodResult).accuracyInTime),
    answeredInTime: atRates.map((results) => (results[i] as MethodResult).answeredInTime),
  }));
