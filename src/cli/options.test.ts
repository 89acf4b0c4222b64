import { expect, test } from 'vitest';
import { fraction, nonNegativeInteger, portNumber, positiveInteger, positiveNumber } from './options.ts';

test.each([
  [positiveInteger, ['1', '42'], ['0', '-1', '1.5', '', ' 1', '0x10', '1e3', 'x', '99999999999999999999']],
  [nonNegativeInteger, ['0', '7'], ['-1', '1.5', '']],
  [portNumber, ['0', '65535'], ['65536', '-1', 'http']],
  [positiveNumber, ['0.5', '.5', '1e-3', '2.'], ['0', '-1', '', '1e999', 'Infinity', 'NaN', '0x10']],
  [fraction, ['0', '1', '0.25'], ['1.1', '-0.1', 'half', '']],
] as const)('%o', (parse, good, bad) => {
  for (const text of good) expect(parse(text)).toBe(Number(text));
  for (const text of bad) expect(() => parse(text), text).toThrow(/^Expected .+, got ".*"\.$/);
});
