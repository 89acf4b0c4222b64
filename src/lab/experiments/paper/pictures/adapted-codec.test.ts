import { expect, test } from 'vitest';
import { adaptedCodec } from './adapted-codec.ts';

const tried = (name: string, accuracy: number, mean: number) => ({ name, accuracy, bytes: { mean, max: 2 * mean } });

test('a tail is adapted to the codec that answers best among those that fill the budget, not to a better one with fewer bytes', () => {
  const pictures = {
    id: 'pictures-seed0',
    validation: [
      tried('webp 112px q50', 0.87, 1673),
      tried('webp 112px q65', 0.86, 1981),
      tried('avif 80px q77', 0.85, 1977),
      tried('webp 112px q66', 0.9, 2001),
    ],
  };
  expect(adaptedCodec(pictures, 2000)).toEqual({ format: 'webp', side: 112, quality: 65 });
  // Nothing fills these: the best that fits.
  expect(adaptedCodec(pictures, 1900)).toEqual({ format: 'webp', side: 112, quality: 50 });
  expect(() => adaptedCodec(pictures, 1000)).toThrow('no picture codec of pictures-seed0 fits into 1000 bytes');
  expect(() => adaptedCodec({ id: 'pictures-seed0', validation: [tried('png 8px q1', 1, 9)] }, 10)).toThrow(
    '"png 8px q1" is no name of a picture codec',
  );
});
