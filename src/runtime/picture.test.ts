import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Colour, type Sharp } from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ImageError } from '../core/errors.ts';
import {
  decodeFullPicture,
  decodePicture,
  encodePicture,
  type Picture,
  resizePicture,
  scaleToNetworkInput,
} from './picture.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aecnn-picture-'));
});
afterAll(() => rm(folder, { recursive: true }));

const orange = { r: 255, g: 128, b: 0 };
const solid = (width: number, height: number, background: Colour = orange, channels: 3 | 4 = 3) =>
  sharp({ create: { width, height, channels, background } });

/** Red, green and blue at a place of the decoded square. */
function pixel({ rgb, width }: Picture, x: number, y: number): number[] {
  return [...rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

function expectNear(actual: number[], expected: number[], tolerance: number) {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries())
    expect(Math.abs((actual[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(tolerance);
}

/** Left half red, right half blue. */
async function leftRedRightBlue(width: number, height: number): Promise<Buffer> {
  const blue = await solid(width / 2, height, { r: 0, g: 0, b: 255 })
    .png()
    .toBuffer();
  return solid(width, height, { r: 255, g: 0, b: 0 })
    .composite([{ input: blue, left: width / 2, top: 0 }])
    .png()
    .toBuffer();
}

test.each(['png', 'jpeg', 'webp', 'avif', 'gif', 'tiff'] as const)(
  'a %s file decodes to the square input',
  async (format) => {
    const path = join(folder, `orange.${format}`);
    await writeFile(path, await solid(300, 200).toFormat(format, { quality: 90 }).toBuffer());
    const picture = await decodePicture(path);
    expect(picture).toMatchObject({ width: 224, height: 224 });
    expect(picture.rgb).toHaveLength(224 * 224 * 3);
    expectNear(pixel(picture, 100, 100), [255, 128, 0], 6);
  },
);

test('the crop is central: a picture twice as wide as high keeps its middle', async () => {
  const picture = await decodePicture(await leftRedRightBlue(400, 200));
  expect(pixel(picture, 100, 5)).toEqual([255, 0, 0]);
  expect(pixel(picture, 124, 218)).toEqual([0, 0, 255]);
  const tall = await decodePicture(
    await sharp(await leftRedRightBlue(400, 100))
      .rotate(90)
      .png()
      .toBuffer(),
  );
  expect(pixel(tall, 5, 100)).toEqual([255, 0, 0]);
  expect(pixel(tall, 218, 124)).toEqual([0, 0, 255]);
});

test('an upright picture of the resized size passes unchanged', async () => {
  const rgb = Uint8Array.from({ length: 256 * 300 * 3 }, (_, i) => (i * 7919) % 256);
  const png = await sharp(rgb, { raw: { width: 300, height: 256, channels: 3 } })
    .png()
    .toBuffer();
  const picture = await decodePicture(png);
  for (const [x, y] of [
    [0, 0],
    [223, 223],
    [17, 101],
  ] as const) {
    const at = ((y + 16) * 300 + x + 38) * 3;
    expect(pixel(picture, x, y)).toEqual([...rgb.subarray(at, at + 3)]);
  }
});

test('every EXIF orientation comes out upright', async () => {
  const upright = await sharp(await leftRedRightBlue(320, 240)).toBuffer();
  const undo: Record<number, (image: Sharp) => Sharp> = {
    1: (image) => image,
    2: (image) => image.flop(),
    3: (image) => image.rotate(180),
    4: (image) => image.flip(),
    6: (image) => image.rotate(270),
    8: (image) => image.rotate(90),
  };
  for (const [orientation, turn] of Object.entries(undo)) {
    const stored = await turn(sharp(upright))
      .jpeg({ quality: 95 })
      .withMetadata({ orientation: Number(orientation) })
      .toBuffer();
    const picture = await decodePicture(stored);
    expectNear(pixel(picture, 10, 112), [255, 0, 0], 6);
    expectNear(pixel(picture, 213, 112), [0, 0, 255], 6);
    expect(await decodeFullPicture(stored)).toMatchObject({ width: 320, height: 240 });
  }
});

test('grey, 16 bits, a palette, transparency and CMYK become 8-bit sRGB', async () => {
  const grey = await solid(300, 300, { r: 90, g: 90, b: 90 }).toColourspace('b-w').png().toBuffer();
  expect(await sharp(grey).metadata()).toMatchObject({ channels: 1 });
  expectNear(pixel(await decodePicture(grey), 50, 50), [90, 90, 90], 1);

  const greyAlpha = await solid(300, 300, { r: 90, g: 90, b: 90, alpha: 0.5 }, 4).toColourspace('b-w').png().toBuffer();
  expect(await sharp(greyAlpha).metadata()).toMatchObject({ channels: 2 });
  expectNear(pixel(await decodePicture(greyAlpha), 50, 50), [172, 172, 172], 2);

  const deep = await solid(300, 300).toColourspace('rgb16').png().toBuffer();
  expect(await sharp(deep).metadata()).toMatchObject({ depth: 'ushort' });
  expectNear(pixel(await decodePicture(deep), 50, 50), [255, 128, 0], 1);

  const deepGrey = await solid(300, 300, { r: 90, g: 90, b: 90 }).toColourspace('grey16').png().toBuffer();
  expect(await sharp(deepGrey).metadata()).toMatchObject({ depth: 'ushort', channels: 1 });
  expectNear(pixel(await decodePicture(deepGrey), 50, 50), [90, 90, 90], 1);

  const palette = await solid(300, 300).png({ palette: true }).toBuffer();
  expectNear(pixel(await decodePicture(palette), 50, 50), [255, 128, 0], 1);

  const transparent = await solid(300, 300, { r: 0, g: 0, b: 0, alpha: 0 }, 4).png().toBuffer();
  expect(pixel(await decodePicture(transparent), 50, 50)).toEqual([255, 255, 255]);

  const cmyk = await solid(300, 300).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer();
  expect(await sharp(cmyk).metadata()).toMatchObject({ space: 'cmyk' });
  expectNear(pixel(await decodePicture(cmyk), 50, 50), [255, 128, 0], 45);
});

test('very thin and very small pictures work', async () => {
  for (const [width, height] of [
    [1, 5000],
    [5000, 1],
    [1, 1],
    [3, 2],
  ] as const) {
    const picture = await decodePicture(await solid(width, height).png().toBuffer());
    expect(picture).toMatchObject({ width: 224, height: 224 });
    expectNear(pixel(picture, 223, 223), [255, 128, 0], 1);
  }
});

test('what is no picture is an ImageError of one sentence that names it', async () => {
  const text = join(folder, 'text.jpg');
  await writeFile(text, 'hello');
  const empty = join(folder, 'empty.jpg');
  await writeFile(empty, '');
  const cut = join(folder, 'cut.jpg');
  const whole = await sharp(await leftRedRightBlue(400, 300))
    .jpeg()
    .toBuffer();
  await writeFile(cut, whole.subarray(0, whole.length / 2));
  const missing = join(folder, 'missing.jpg');
  const cases: [string, RegExp][] = [
    [text, /no picture that can be decoded/],
    [empty, /0 bytes/],
    [cut, /damaged/],
    [missing, /there is no picture/],
    [folder, /folder/],
  ];
  for (const [path, expected] of cases) {
    const error: unknown = await decodePicture(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ImageError);
    expect(String(error)).toMatch(expected);
    expect(String(error)).toContain(path);
    expect(String(error)).not.toContain('\n');
  }
  await expect(decodePicture(new Uint8Array(0), 'upload 7')).rejects.toThrow(/upload 7 is empty/);
});

test('a gigantic picture is refused before it is decoded', async () => {
  // A PNG header alone: 100,000 x 100,000 pixels.
  const png = await solid(1, 1).png().toBuffer();
  png.writeUInt32BE(100_000, 16);
  png.writeUInt32BE(100_000, 20);
  const error: unknown = await decodePicture(png, 'bomb.png').catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ImageError);
});

test('decoded pixels encode to a file and come back', async () => {
  const picture = await decodePicture(await leftRedRightBlue(400, 200));
  const again = await decodeFullPicture(await encodePicture(picture, { format: 'png' }));
  expect(again).toEqual(picture);
  const small = await encodePicture(picture, { format: 'jpeg', quality: 10 });
  const large = await encodePicture(picture, { format: 'jpeg', quality: 90 });
  expect(small.length).toBeLessThan(large.length);
});

test('resizing fills the asked size', async () => {
  const tiny: Picture = { rgb: Uint8Array.from({ length: 32 * 32 * 3 }, () => 77), width: 32, height: 32 };
  const scaled = await scaleToNetworkInput(tiny);
  expect(scaled).toMatchObject({ width: 224, height: 224 });
  expect(new Set(scaled.rgb)).toEqual(new Set([77]));
  expect((await resizePicture(tiny, 8, 4)).rgb).toHaveLength(96);
});
