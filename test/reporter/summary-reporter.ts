/**
 * Ends a test run on one plain line, `N passed, N failed, N skipped`, preceded by every skipped test with its reason.
 *
 * The twist: a file that cannot be loaded and an error outside of any test count as failures here, since the runner's own
 * count of tests leaves them out.
 */

import { DefaultReporter, type SerializedError, type TestModule, type TestRunEndReason } from 'vitest/node';

/** One test, or one thing that should have been a test. */
export interface Outcome {
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped, where the test says so (`context.skip(reason)`). */
  readonly reason?: string;
}

/** Returns the last lines of a run: one a skipped test, then the counts. */
export function summaryLines(outcomes: readonly Outcome[]): string[] {
  const count = (state: Outcome['state']) => outcomes.filter((outcome) => outcome.state === state).length;
  const skips = outcomes
    .filter(({ state }) => state === 'skipped')
    .map(({ name, reason }) => `skipped: ${name}: ${reason ?? 'NO REASON GIVEN; use context.skip(reason)'}`);
  return [...skips, `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`];
}

/** Vitest's default reporter with the plain summary after everything else. */
export class SummaryReporter extends DefaultReporter {
  override onTestRunEnd(
    modules: ReadonlyArray<TestModule>,
    errors: ReadonlyArray<SerializedError>,
    reason: TestRunEndReason,
  ): void {
    super.onTestRunEnd(modules, errors, reason);
    const outcomes = [...modules.flatMap(outcomesOf), ...errors.map(outsideOfTests)];
    this.log(`\n${summaryLines(outcomes).join('\n')}`);
  }
}

function outcomesOf(module: TestModule): Outcome[] {
  const broken = module.errors().map((): Outcome => ({ name: module.relativeModuleId, state: 'failed' }));
  const tests = [...module.children.allTests()].map((test): Outcome => {
    const result = test.result();
    const name = `${module.relativeModuleId} > ${test.fullName}`;
    if (result.state === 'passed' || result.state === 'failed') return { name, state: result.state };
    // A test that a broken file or an interrupted run never reached has not passed.
    if (result.state === 'pending') return { name, state: 'failed' };
    return result.note === undefined ? { name, state: 'skipped' } : { name, state: 'skipped', reason: result.note };
  });
  return [...broken, ...tests];
}

function outsideOfTests(error: SerializedError): Outcome {
  return { name: error.message, state: 'failed' };
}
