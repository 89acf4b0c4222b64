import { expect, test } from 'vitest';
import { crc16, crc21 } from './crc.ts';

const check = new TextEncoder().encode('123456789');

test('check values of the catalogue', () => {
  expect(crc16.of(check)).toBe(0x29b1);
  expect(crc21.of(check)).toBe(0x0ed841);
});

test('parts count as one run of bytes', () => {
  expect(crc21.of(check.subarray(0, 4), new Uint8Array(), check.subarray(4))).toBe(0x0ed841);
});
