import { expect, test } from 'vitest';
import { DatasetError } from '../errors.ts';
import { parseTrace } from './trace.ts';

test('one number a line is the millisecond of a packet', () => {
  const trace = parseTrace('# recorded by Saturator\r\n0\r\n880\r\n\r\n880\r\n  950 \r\n');
  expect(trace).toEqual({ kind: 'opportunities', atMs: Float64Array.of(0, 880, 880, 950), periodMs: 950 });
});

test.each([
  ['spaces', '0.5 1.25\n1 0\n3 2'],
  ['tabs', '0.5\t1.25\n1\t0\n3\t2\n'],
  ['commas', '0.5,1.25\n1 , 0\n# a pause\n3, 2\n'],
])('two numbers a line are seconds and Mbit/s, with %s between', (_, text) => {
  expect(parseTrace(text)).toEqual({
    kind: 'rates',
    fromMs: Float64Array.of(0, 500, 2500),
    rateBitsPerSecond: Float64Array.of(1.25e6, 0, 2e6),
    periodMs: 4500,
  });
});

test('a single rate holds for ever', () => {
  expect(parseTrace('7 1.5')).toMatchObject({ fromMs: Float64Array.of(0), periodMs: 1000 });
});

test.each([
  ['', 'drive.up is empty: expected a line for each packet, or rates by time'],
  ['# nothing\n\n', 'drive.up is empty'],
  ['0\n0\n', 'drive.up ends at 0 ms: expected a last line above 0'],
  ['0 0\n1 0\n', 'drive.up has no rate above 0: expected one at least, or nothing ever leaves'],
  ['12\n# back\n11\n', 'drive.up, line 3: expected a whole number of milliseconds, 12 or more, got "11"'],
  ['12\n13 4\n', 'drive.up, line 2: expected a whole number of milliseconds, 12 or more, got "13 4"'],
  ['-1\n', 'line 1: expected a whole number of milliseconds, 0 or more, got "-1"'],
  ['1.5\n', 'line 1: expected a whole number'],
  ['99999999999999999999\n', 'line 1: expected a whole number'],
  [
    '0 1\n2\n',
    'drive.up, line 2: expected a time in seconds and a rate in Mbit/s, such as "12.5 0.8", after 0 s, got "2"',
  ],
  ['1 1\n1 2\n', 'line 2: expected a time in seconds and a rate in Mbit/s, such as "12.5 0.8", after 1 s, got "1 2"'],
  ['0 -1\n', 'line 1: expected a time in seconds'],
  ['0 1 2\n', 'line 1: expected a time in seconds'],
  ['a b\n', 'line 1: expected a time in seconds'],
  [`${'x'.repeat(500)}\n`, `got "${'x'.repeat(40)}"`],
])('%j is refused', (text, sentence) => {
  const parse = () => parseTrace(text, 'drive.up');
  expect(parse).toThrow(DatasetError);
  expect(parse).toThrow(sentence);
});
