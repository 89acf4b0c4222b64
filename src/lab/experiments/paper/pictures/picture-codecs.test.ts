import { expect, test } from 'vitest';
import { createRandom } from '../../../../core/tensor/index.ts';
import { codecName, compressedSamples, compressPicture, pictureFormats } from './picture-codecs.ts';

/** Waves with some noise: detail at every scale, so that side and quality both matter. */
function drawnPicture(): Uint8Array {
  const random = createRandom(1);
  return Uint8Array.from({ length: 224 * 224 * 3 }, (_, i) => {
    const [x, y, channel] = [Math.floor(i / 3) % 224, Math.floor(i / 672), i % 3];
    const wave = 60 * Math.sin(x / (7 + channel)) + 40 * Math.sin((x * y) / 900);
    return Math.min(255, Math.max(0, 128 + wave + 3 * random.normal()));
  });
}

const rgb = drawnPicture();

const meanSquaredError = (received: Uint8Array): number =>
  received.reduce((sum, value, i) => sum + (value - (rgb[i] as number)) ** 2, 0) / rgb.length;

test.each(pictureFormats)(
  '%s: fewer bytes and a larger error at a lower quality and at a smaller side',
  async (format) => {
    const [good, poor, small] = await Promise.all([
      compressPicture(rgb, { format, side: 224, quality: 80 }),
      compressPicture(rgb, { format, side: 224, quality: 10 }),
      compressPicture(rgb, { format, side: 56, quality: 80 }),
    ]);
    for (const worse of [poor, small]) {
      expect(worse.bytes).toBeLessThan(0.6 * good.bytes);
      expect(meanSquaredError(worse.rgb)).toBeGreaterThan(1.5 * meanSquaredError(good.rgb));
    }
    for (const { rgb: received } of [good, poor, small]) expect(received).toHaveLength(224 * 224 * 3);
    expect(meanSquaredError(good.rgb)).toBeGreaterThan(0);
    expect(meanSquaredError(good.rgb)).toBeLessThan(400);
  },
);

test('a small WebP of a real size is within the smallest budget, without metadata', async () => {
  const { bytes } = await compressPicture(new Uint8Array(224 * 224 * 3).fill(128), {
    format: 'webp',
    side: 28,
    quality: 10,
  });
  expect(bytes).toBeLessThan(100);
});

test('compressed samples load what the codec leaves and count its bytes', async () => {
  const codec = { format: 'webp', side: 80, quality: 20 } as const;
  const sample = { id: 'a', label: 3, load: async () => rgb };
  const { samples, bytes } = compressedSamples([sample, sample], codec);
  const expected = await compressPicture(rgb, codec);
  expect(await samples[1]?.load()).toEqual(expected.rgb);
  expect([...bytes]).toEqual([0, expected.bytes]);
  expect(samples[1]).toMatchObject({ id: 'a', label: 3 });
  expect(codecName(codec)).toBe('webp 80px q20');
});
