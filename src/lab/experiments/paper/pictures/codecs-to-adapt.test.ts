import { expect, test } from 'vitest';
import { codecsToAdapt } from './codecs-to-adapt.ts';

const answered = (name: string, accuracy: number, mean: number) => ({ name, accuracy, bytes: { mean, max: 2 * mean } });

test('of the two best formats, the codec that answers best among those that fill the budget, not a better one with fewer bytes', () => {
  const pictures = {
    id: 'pictures-seed0',
    validation: [
      answered('jpeg 80px q82', 0.8, 1990),
      answered('webp 112px q50', 0.87, 1673),
      answered('webp 112px q65', 0.86, 1981),
      answered('avif 80px q77', 0.85, 1977),
      answered('avif 160px q43', 0.84, 1999),
      answered('webp 112px q66', 0.9, 2001),
    ],
  };
  const webp = (quality: number) => ({ format: 'webp', side: 112, quality });
  expect(codecsToAdapt(pictures, 2000)).toEqual([webp(65), { format: 'avif', side: 80, quality: 77 }]);
  // Nothing fills these: the best that fits.
  expect(codecsToAdapt(pictures, 1900)).toEqual([webp(50)]);
  expect(() => codecsToAdapt(pictures, 1000)).toThrow('no picture codec of pictures-seed0 fits into 1000 bytes');
  expect(() => codecsToAdapt({ id: 'pictures-seed0', validation: [answered('png 8px q1', 1, 9)] }, 10)).toThrow(
    '"png 8px q1" is no name of a picture codec',
  );
});
