import { expect, test } from 'vitest';
import { summaryLines } from './summary-reporter.ts';

test('the last line counts, the lines before it name the skipped', () => {
  expect(
    summaryLines([
      { name: 'a', state: 'passed' },
      { name: 'b', state: 'failed' },
      { name: 'c', state: 'skipped', reason: 'needs python3-onnx' },
      { name: 'd', state: 'skipped' },
    ]),
  ).toEqual([
    'skipped: c: needs python3-onnx',
    'skipped: d: NO REASON GIVEN; use context.skip(reason)',
    '1 passed, 1 failed, 2 skipped',
  ]);
});

test('an empty run has a summary too', () => {
  expect(summaryLines([])).toEqual(['0 passed, 0 failed, 0 skipped']);
});
