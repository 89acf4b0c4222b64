import { expect, test } from 'vitest';
import { splitPoints } from '../../../../core/model/index.ts';
import { byteSizes } from '../paper-result.ts';
import { budgetBytes } from '../protocol.ts';
import { compressorSize, sentEnds } from './compressor-size.ts';

test('frames are aimed a little below their size, at every split point', () => {
  for (const split of splitPoints) {
    for (const size of ['packet', '256x', ...byteSizes] as const) {
      const share = (compressorSize(split, size).frameBytes.at(-1) ?? 0) / budgetBytes(split, size);
      expect(share, `${split} ${size}`).toBeGreaterThan(0.94);
      expect(share, `${split} ${size}`).toBeLessThan(0.98);
    }
  }
});

test('chunks that are sent are at most half of what the wire carries, and add up to the frames that were trained', () => {
  for (const split of splitPoints) {
    const { frameBytes } = compressorSize(split, '256x');
    const ends = sentEnds(frameBytes);
    expect(ends.at(-1)).toBe(frameBytes.at(-1));
    expect(ends).toEqual(expect.arrayContaining([...frameBytes]));
    const chunks = ends.map((end, i) => end - (ends[i - 1] ?? 0));
    expect(Math.max(...chunks)).toBeLessThanOrEqual(1000);
    expect(Math.min(...chunks)).toBeGreaterThan(400);
  }
  expect(sentEnds([970])).toEqual([970]);
  expect(sentEnds([1106, 2212, 3000])).toEqual([553, 1106, 1659, 2212, 3000]);
});
