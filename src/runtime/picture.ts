/**
 * The only door to sharp: pictures of any kind to the network's pixels and back to bytes.
 *
 * Decoding applies the EXIF orientation, converts embedded profiles, CMYK, grey and 16 bits to 8-bit sRGB, lays
 * transparency on white and takes the first frame of an animation. Resizing uses the geometry of `core/image` and the
 * Catmull-Rom cubic kernel, stretched when shrinking (so there is no aliasing); a JPEG is never shrunk while it is
 * decoded, so that one picture gives the same pixels in every format.
 *
 * sharp is an optional peer: without it the first call fails with an `EnvironmentError`.
 */

import { readFile, stat } from 'node:fs/promises';
import type { Sharp, SharpOptions } from 'sharp';
import { EnvironmentError, ImageError } from '../core/errors.ts';
import { cropSide, planResize } from '../core/image/index.ts';

/** Decoded pixels: 8-bit sRGB, row by row, red-green-blue interleaved. */
export interface Picture {
  /** `width * height * 3` bytes, [height, width, channel]. */
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** How to encode a picture. */
export interface PictureEncoding {
  readonly format: 'jpeg' | 'webp' | 'avif' | 'png';
  /** 1 to 100, in the format's own scale; ignored by `png`. */
  readonly quality?: number;
  /** How hard to search for fewer bytes, 4 when left out: 0 to 6 of `webp`, 0 to 9 of `avif`; the others ignore it. */
  readonly effort?: number;
  /** Settings for few bytes: mozjpeg's, WebP's sharper 4:2:0, 4:2:0 for AVIF. sharp's own when left out. */
  readonly small?: boolean;
}

/** Larger pictures are refused: 2^28 pixels are 768 MiB once decoded. */
export const maxPicturePixels = 2 ** 28;
/** Larger files are refused. */
export const maxPictureFileBytes = 2 ** 28;

/**
 * Decodes a picture to the network's input: shorter side 256, central 224x224.
 *
 * @param source - Path of a file, or its bytes.
 * @param name - What to call the picture in messages; the path when left out.
 * @throws {@link ImageError} when there is no picture, or none that can be decoded.
 */
export async function decodePicture(source: string | Uint8Array, name?: string): Promise<Picture> {
  const called = pictureName(source, name);
  const bytes = await pictureBytes(source, called);
  return attempt(called, async () => {
    const { width, height } = orientedSize(await (await open(bytes)).metadata());
    const { source: region, resized, crop } = planResize(width, height);
    const pipeline = (await open(bytes))
      .extract(region)
      .resize({ ...resized, fit: 'fill', kernel: 'cubic', fastShrinkOnLoad: false })
      .extract(crop);
    return rawRgb(pipeline);
  });
}

/**
 * Decodes a picture at its own size.
 *
 * @param maxPixels - One of more is refused before it is decoded.
 * @throws {@link ImageError} as {@link decodePicture} does.
 */
export async function decodeFullPicture(
  source: string | Uint8Array,
  name?: string,
  maxPixels = maxPicturePixels,
): Promise<Picture> {
  const called = pictureName(source, name);
  const bytes = await pictureBytes(source, called);
  return attempt(called, async () => rawRgb(await open(bytes, maxPixels)), maxPixels);
}

/** Resizes decoded pixels to `width` x `height` (no aspect kept), cubic kernel. */
export async function resizePicture(picture: Picture, width: number, height: number): Promise<Picture> {
  const pipeline = (await openRaw(picture)).resize({ width, height, fit: 'fill', kernel: 'cubic' });
  return rawRgb(pipeline);
}

/** Scales decoded pixels of any size to the network's 224x224 directly, without a crop. */
export function scaleToNetworkInput(picture: Picture): Promise<Picture> {
  return resizePicture(picture, cropSide, cropSide);
}

/** Encodes decoded pixels as a picture file. */
export async function encodePicture(picture: Picture, encoding: PictureEncoding): Promise<Uint8Array> {
  const { format, quality, effort, small = false } = encoding;
  const pipeline = await openRaw(picture);
  // In sharp `quality` and `effort` of PNG mean a palette, which is not lossless.
  if (format === 'png') return pipeline.png().toBuffer();
  const options = {
    ...(quality === undefined ? {} : { quality }),
    ...(effort === undefined || format === 'jpeg' ? {} : { effort }),
    ...(small ? smallSettings[format] : {}),
  };
  return pipeline.toFormat(format, options).toBuffer();
}

/** What makes a file of each format smaller at about the same quality; chroma has half the rows and columns. */
const smallSettings = {
  jpeg: { mozjpeg: true, chromaSubsampling: '4:2:0' },
  webp: { smartSubsample: true },
  avif: { chromaSubsampling: '4:2:0' },
} as const;

type SharpFactory = (input: Uint8Array, options: SharpOptions) => Sharp;
let loading: Promise<SharpFactory> | undefined;

function loadSharp(): Promise<SharpFactory> {
  loading ??= import('sharp').then(
    (module) => module.default,
    (cause: unknown) => {
      loading = undefined;
      throw new EnvironmentError('decoding pictures needs the package "sharp": npm install sharp', { cause });
    },
  );
  return loading;
}

/** A pipeline that reads one picture, upright. */
async function open(bytes: Uint8Array, maxPixels = maxPicturePixels): Promise<Sharp> {
  const sharp = await loadSharp();
  // Warnings (odd metadata, stray bytes) pass; damage to the pixels does not.
  return sharp(bytes, { autoOrient: true, failOn: 'error', limitInputPixels: maxPixels });
}

async function openRaw({ rgb, width, height }: Picture): Promise<Sharp> {
  const sharp = await loadSharp();
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}

async function rawRgb(pipeline: Sharp): Promise<Picture> {
  const { data, info } = await pipeline
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`decoded to ${info.channels} channels`);
  return { rgb: new Uint8Array(data.buffer, data.byteOffset, data.length), width: info.width, height: info.height };
}

function orientedSize(metadata: { autoOrient: { width: number; height: number } }): { width: number; height: number } {
  return metadata.autoOrient;
}

function pictureName(source: string | Uint8Array, name: string | undefined): string {
  return name ?? (typeof source === 'string' ? source : 'the picture');
}

async function pictureBytes(source: string | Uint8Array, called: string): Promise<Uint8Array> {
  if (typeof source !== 'string') {
    if (source.length === 0) throw emptyPicture(called);
    return source;
  }
  const found = await stat(source).catch((cause: unknown) => {
    throw new ImageError(`there is no picture ${called}: give the path of a JPEG, PNG, WebP, AVIF, GIF or TIFF file`, {
      cause,
    });
  });
  if (!found.isFile()) throw new ImageError(`${called} is no file but a folder or device: give the path of a picture`);
  if (found.size === 0) throw emptyPicture(called);
  if (found.size > maxPictureFileBytes) {
    throw new ImageError(
      `${called} has ${found.size} bytes, more than the limit of ${maxPictureFileBytes}: shrink it first`,
    );
  }
  return readFile(source).catch((cause: unknown) => {
    throw new ImageError(`cannot read ${called}: check its permissions`, { cause });
  });
}

function emptyPicture(called: string): ImageError {
  return new ImageError(`${called} is empty (0 bytes): give a picture`);
}

/** Runs sharp and says in one sentence what it did not like. */
async function attempt<T>(called: string, work: () => Promise<T>, maxPixels = maxPicturePixels): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof EnvironmentError) throw cause;
    const detail = cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') : String(cause);
    if (/pixel limit/i.test(detail)) {
      throw new ImageError(`${called} has more than ${maxPixels} pixels: shrink it first`, { cause });
    }
    if (/unsupported image format/i.test(detail)) {
      throw new ImageError(
        `${called} is no picture that can be decoded: give a JPEG, PNG, WebP, AVIF, GIF or TIFF file`,
        {
          cause,
        },
      );
    }
    throw new ImageError(`${called} is damaged (${detail}): give an undamaged picture`, { cause });
  }
}
