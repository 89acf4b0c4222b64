import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quantity } from './quantity.ts';

const rate = quantity({
  name: 'a rate',
  units: [
    ['bit', 0],
    ['kbit', 3],
    ['mbit', 6],
  ],
  min: 0,
  max: 1e12,
});
const share = quantity({ name: 'a share', units: [['%', -2]], min: 0, max: 1 });
const power = quantity({ name: 'a power', units: [['dBm', 0]], min: -100, max: 100 });

test.each([
  [0, '0bit'],
  [0.25, '0.25bit'],
  [999, '999bit'],
  [1000, '1kbit'],
  [1_234_567, '1.234567mbit'],
  [1e12, '1000000mbit'],
])('%f is written %s', (value, text) => {
  expect(rate.format(value)).toBe(text);
  expect(rate.parse(text)).toBe(value);
});

test('a shift of the point does not round', () => {
  expect(share.format(0.07)).toBe('7%');
  expect(share.parse('7%')).toBe(0.07);
  expect(share.parse('0.1%')).toBe(0.001);
  expect(power.parse('-12.5dBm')).toBe(-12.5);
});

test('every number comes back as it went', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (value) => {
      expect(rate.parse(rate.format(value))).toBe(value);
    }),
  );
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (value) => {
      expect(share.parse(share.format(value))).toBe(value);
    }),
  );
});

test('units are read in any case', () => {
  expect(rate.parse('1Mbit')).toBe(1e6);
  expect(power.parse('3DBM')).toBe(3);
});

test.each([
  '',
  '1',
  'mbit',
  '1mbit/s',
  '1 mbit',
  '1.mbit',
  '.5mbit',
  '1e3bit',
  '+1bit',
  '1gbit',
  '-1bit',
  '2000000mbit',
])('%j is no rate up to 1,000,000 mbit', (text) => {
  expect(rate.parse(text)).toBeUndefined();
});

test('what is expected says the range', () => {
  expect(power.expected).toBe('a power from -100dBm to 100dBm');
});
