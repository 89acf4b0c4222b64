import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { decodeFullPicture, decodePicture, encodePicture, resizePicture } from '../../runtime/picture.ts';
import { cropToInput } from './index.ts';

const samples = fileURLToPath(new URL('../../../samples', import.meta.url));

test('agrees with sharp to less than a level on average, for pictures that grow and pictures that shrink', async () => {
  const names = (await readdir(samples, { recursive: true })).filter((name) => name.endsWith('.jpg')).sort();
  expect(names.length).toBeGreaterThan(6);
  for (const name of names.slice(0, 6)) {
    const original = await decodeFullPicture(join(samples, name));
    for (const scale of [1, 2.5]) {
      const picture = await resizePicture(
        original,
        Math.round(original.width * scale),
        Math.round(original.height * scale),
      );
      const expected = (await decodePicture(await encodePicture(picture, { format: 'png' }))).rgb;
      const { rgb, width, height } = picture;
      const got = cropToInput({ data: rgb, width, height, channels: 3 });
      const differences = got.map((value, i) => Math.abs(value - (expected[i] as number)));
      const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
      expect(mean).toBeLessThan(0.5);
    }
  }
});

test('a plain picture stays plain at every size, its edges too', () => {
  for (const [width, height] of [
    [1, 1],
    [1, 300],
    [2000, 31],
    [224, 224],
  ] as const) {
    const rgb = cropToInput({ data: new Uint8Array(width * height * 3).fill(77), width, height, channels: 3 });
    expect(new Set(rgb)).toEqual(new Set([77]));
  }
});

test('transparency is laid on white', () => {
  const data = new Uint8ClampedArray(300 * 300 * 4);
  for (let i = 0; i < data.length; i += 4) data.set([255, 0, 0, 51], i);
  const rgb = cropToInput({ data, width: 300, height: 300, channels: 4 });
  expect([...rgb.subarray(0, 3)]).toEqual([255, 204, 204]);
});

test('bytes that are no such picture are refused', () => {
  expect(() => cropToInput({ data: new Uint8Array(10), width: 2, height: 2, channels: 3 })).toThrow(RangeError);
});
