/**
 * Picture codecs as rivals: the network's input as a JPEG, WebP or AVIF file of some side and quality, and back.
 *
 * The bytes are those of the whole file as sharp writes it, without metadata. The encoders' settings are the strongest that
 * a grid of thousands of pictures can afford: mozjpeg's progressive scans, WebP's effort 6, AVIF's effort 4 (9 is many times
 * slower).
 */

import { cropSide } from '../../../../core/image/index.ts';
import {
  decodeFullPicture,
  encodePicture,
  type Picture,
  resizePicture,
  scaleToNetworkInput,
} from '../../../../runtime/picture.ts';
import type { Sample } from '../../../datasets/index.ts';

/** Formats of the rivals. */
export type PictureFormat = 'jpeg' | 'webp' | 'avif';

/** All formats, in the order of the tables. */
export const pictureFormats: readonly PictureFormat[] = ['jpeg', 'webp', 'avif'];

/** One way to send a picture itself. */
export interface PictureCodec {
  readonly format: PictureFormat;
  /** Width and height of the sent picture in pixels. */
  readonly side: number;
  /** 1 to 100, in the format's own scale. */
  readonly quality: number;
}

/** How hard each encoder tries; part of the keys of all that is cached. */
export const encoderSettings = {
  jpeg: { small: true },
  webp: { small: true, effort: 6 },
  avif: { small: true, effort: 4 },
} as const satisfies Record<PictureFormat, object>;

/** A picture after its way through a codec. */
export interface CompressedPicture {
  /** Size of the file. */
  readonly bytes: number;
  /** What the receiver sees, scaled back: `224 * 224 * 3` bytes, RGB interleaved, rows first. */
  readonly rgb: Uint8Array;
}

/** Name of a codec in results: `webp 112px q20`. */
export const codecName = ({ format, side, quality }: PictureCodec): string => `${format} ${side}px q${quality}`;

/** The codec of a name that {@link codecName} gave. @throws RangeError when it gave no such name. */
export function codecNamed(name: string): PictureCodec {
  const [, format, side, quality] = /^(\w+) (\d+)px q(\d+)$/.exec(name) ?? [];
  const known = pictureFormats.find((one) => one === format);
  if (known === undefined) throw new RangeError(`"${name}" is no name of a picture codec`);
  return { format: known, side: Number(side), quality: Number(quality) };
}

/**
 * The file that a codec makes of a network input.
 *
 * @param rgb - `224 * 224 * 3` bytes, as `Sample.load` gives them.
 */
export async function encodedPicture(rgb: Uint8Array, { format, side, quality }: PictureCodec): Promise<Uint8Array> {
  const picture: Picture = { rgb, width: cropSide, height: cropSide };
  const sent = side === cropSide ? picture : await resizePicture(picture, side, side);
  return encodePicture(sent, { format, quality, ...encoderSettings[format] });
}

/**
 * Sends a network input through a codec: shrink, encode, decode, scale back.
 *
 * @param rgb - As {@link encodedPicture} takes it.
 */
export async function compressPicture(rgb: Uint8Array, codec: PictureCodec): Promise<CompressedPicture> {
  const file = await encodedPicture(rgb, codec);
  const received = await decodeFullPicture(file, `a ${codec.format} file`);
  return { bytes: file.length, rgb: (codec.side === cropSide ? received : await scaleToNetworkInput(received)).rgb };
}

/**
 * Samples that load as a codec leaves them.
 *
 * @returns `bytes` has the size of each file once its sample was loaded, 0 before.
 */
export function compressedSamples(
  samples: readonly Sample[],
  codec: PictureCodec,
): { readonly samples: readonly Sample[]; readonly bytes: Int32Array } {
  const bytes = new Int32Array(samples.length);
  const compressed = samples.map((sample, i) => ({
    ...sample,
    load: async () => {
      const picture = await compressPicture(await sample.load(), codec);
      bytes[i] = picture.bytes;
      return picture.rgb;
    },
  }));
  return { samples: compressed, bytes };
}
