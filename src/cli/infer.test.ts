import { expect, test } from 'vitest';
import { timeoutMilliseconds } from './infer.ts';

test('--timeout takes what a timer can wait for, and names the limit', () => {
  expect(timeoutMilliseconds('1')).toBe(1);
  expect(timeoutMilliseconds('2147483647')).toBe(2147483647);
  expect(() => timeoutMilliseconds('2147483648')).toThrow(/^Expected at most 2147483647 .*, got "2147483648"\.$/);
  expect(() => timeoutMilliseconds('0')).toThrow('at least 1');
});
