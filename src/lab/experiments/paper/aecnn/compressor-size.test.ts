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
    const ends = sentEnds(split, '256x', frameBytes);
    expect(ends.at(-1)).toBe(frameBytes.at(-1));
    expect(ends).toEqual(expect.arrayContaining([...frameBytes]));
    const chunks = ends.map((end, i) => end - (ends[i - 1] ?? 0));
    expect(Math.max(...chunks)).toBeLessThanOrEqual(1000);
    expect(Math.min(...chunks)).toBeGreaterThan(400);
  }
  expect(sentEnds('conv4_x', '1000', [970])).toEqual([970]);
  expect(sentEnds('conv2_x', '256x', [1106, 2212, 3000])).toEqual([553, 1106, 1659, 2212, 3000]);
});

test('a packet is sent in the chunks that were trained; at conv2_x the first is divided, as a picture may need twice its mean', () => {
  for (const split of splitPoints.filter((one) => one !== 'conv2_x')) {
    const { frameBytes } = compressorSize(split, 'packet');
    expect(sentEnds(split, 'packet', frameBytes)).toEqual(frameBytes);
  }
  const { frameBytes } = compressorSize('conv2_x', 'packet');
  const [half, first, ...others] = sentEnds('conv2_x', 'packet', frameBytes);
  expect([first, ...others]).toEqual(frameBytes);
  expect(2 * (half ?? 0)).toBe(first);
});
