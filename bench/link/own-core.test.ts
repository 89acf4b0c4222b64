import { expect, test } from 'vitest';
import { allowedCores } from './own-core.ts';

test.each([
  ['0-3', [0, 1, 2, 3]],
  ['2', [2]],
  ['0,4-5,9', [0, 4, 5, 9]],
])('the processors %s', (list, cores) => {
  expect(allowedCores(`Name:\tnode\nCpus_allowed:\tf\nCpus_allowed_list:\t${list}\nMems_allowed:\t1\n`)).toEqual(cores);
});

test('a status that does not say', () => {
  expect(allowedCores('Name:\tnode\n')).toEqual([]);
});
