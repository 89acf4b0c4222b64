import { expect, test } from 'vitest';
import { table } from './output.ts';

test('numbers stand to the right, what is missing is a dash', () => {
  const text = table(
    ['way', 'bytes'],
    [
      ['AECNN', 604],
      ['JPEG', '11,204'],
      ['no sending', undefined],
    ],
  );
  const lines = text.split('\n').filter((line) => /[a-z]/i.test(line));
  expect(lines).toEqual([
    '│ way        │  bytes │',
    '│ AECNN      │    604 │',
    '│ JPEG       │ 11,204 │',
    '│ no sending │      - │',
  ]);
});
