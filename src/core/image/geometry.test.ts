import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cropSide, planResize, shorterSide } from './index.ts';

test('a landscape picture: shorter side to 256, central 224', () => {
  expect(planResize(500, 333)).toEqual({
    source: { left: 0, top: 0, width: 500, height: 333 },
    resized: { width: 384, height: 256 },
    crop: { left: 80, top: 16, width: 224, height: 224 },
  });
});

test('the longer side rounds to nearest, offsets round down', () => {
  // 300 * 256 / 201 = 382.09; 301 * 256 / 201 = 383.36; (383 - 224) / 2 = 79.5
  expect(planResize(201, 300).resized).toEqual({ width: 256, height: 382 });
  expect(planResize(301, 201)).toMatchObject({ resized: { width: 383 }, crop: { left: 79 } });
});

test('of a very thin picture only the middle is resized', () => {
  expect(planResize(1, 5000)).toEqual({
    source: { left: 0, top: 2499, width: 1, height: 2 },
    resized: { width: 256, height: 512 },
    crop: { left: 16, top: 144, width: 224, height: 224 },
  });
  expect(planResize(5001, 1).source).toEqual({ left: 2499, top: 0, width: 3, height: 1 });
});

test('sides that are no positive integers are a mistake of the caller', () => {
  for (const side of [0, -1, 1.5, Number.NaN]) expect(() => planResize(side, 10)).toThrow(RangeError);
  expect(() => planResize(10, 0)).toThrow(/height/);
});

test('for any size: the crop lies inside, in the middle, and nothing grows without bound', () => {
  const side = fc.integer({ min: 1, max: 100_000 });
  fc.assert(
    fc.property(side, side, (width, height) => {
      const { source, resized, crop } = planResize(width, height);
      expect(Math.min(resized.width, resized.height)).toBe(shorterSide);
      expect(Math.max(resized.width, resized.height)).toBeLessThanOrEqual(3 * shorterSide);
      expect(source.left + source.width).toBeLessThanOrEqual(width);
      expect(source.top + source.height).toBeLessThanOrEqual(height);
      expect(Math.abs(width - source.width - 2 * source.left)).toBeLessThanOrEqual(1);
      expect(crop).toMatchObject({ width: cropSide, height: cropSide });
      expect(crop.left + cropSide).toBeLessThanOrEqual(resized.width);
      expect(Math.abs(resized.height - cropSide - 2 * crop.top)).toBeLessThanOrEqual(1);
      // Planning the mirrored or turned picture gives the mirrored or turned plan.
      expect(planResize(height, width).resized).toEqual({ width: resized.height, height: resized.width });
    }),
  );
});
