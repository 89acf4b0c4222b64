/** What sending the picture itself costs through a codec, in bytes and in the device's time: no network is run. */

import { z } from 'zod';
import { cropSide } from '../../../../core/image/index.ts';
import { encodePicture, resizePicture } from '../../../../runtime/picture.ts';
import type { Sample } from '../../../datasets/index.ts';
import { codecName, encoderSettings, type PictureCodec } from '../../paper/pictures/picture-codecs.ts';
import { cachedRows } from './answer-cache.ts';
import { type AnswerContext, samplesKey, signalOf } from './answer-context.ts';
import { machineKey, medianTimes, timedSamples } from './answer-times.ts';

/** Pictures that are encoded at once: what Node's thread pool runs. */
const encodedAtOnce = 4;

/** What the bytes of a codec depend on. */
export const codecKey = (codec: PictureCodec) => ({ codec, encoder: encoderSettings[codec.format] });

/** A network input (`224 * 224 * 3` bytes) as the file that `compressPicture` would send. */
async function encode(rgb: Uint8Array, { format, side, quality }: PictureCodec): Promise<Uint8Array> {
  const picture = { rgb, width: cropSide, height: cropSide };
  const sent = side === cropSide ? picture : await resizePicture(picture, side, side);
  return encodePicture(sent, { format, quality, ...encoderSettings[format] });
}

/** What {@link bytesOfCodec} and {@link encodeMsOf} need of a context. */
export type CodecContext = Pick<AnswerContext, 'fingerprint' | 'cacheFolder' | 'onProgress' | 'signal'>;

/**
 * Bytes of each picture's file through a codec, from the cache or encoded.
 *
 * @throws the context's signal's reason when aborted; what is on disk stays good.
 */
export function bytesOfCodec(
  context: CodecContext,
  codec: PictureCodec,
  samples: readonly Sample[],
): Promise<readonly number[]> {
  return cachedRows(context, {
    label: `bytes of ${codecName(codec)}`,
    key: { kind: 'bytes', ...codecKey(codec), ...samplesKey(context, samples) },
    row: z.int().positive(),
    count: samples.length,
    compute: async function* (from) {
      for (let first = from; first < samples.length; first += encodedAtOnce) {
        const some = samples.slice(first, first + encodedAtOnce);
        yield Promise.all(some.map(async (sample) => (await encode(await sample.load(), codec)).length));
      }
    },
  });
}

/**
 * Median time in milliseconds from a decoded 224x224 picture to its file, one at a time, from the cache or measured.
 *
 * @param samples - Pictures to measure on, at least one.
 */
export async function encodeMsOf(
  context: CodecContext,
  codec: PictureCodec,
  samples: readonly Sample[],
): Promise<number> {
  const [encodeMs] = await cachedRows(context, {
    label: `time of ${codecName(codec)}`,
    key: { kind: 'encode-ms', ...codecKey(codec), ...machineKey() },
    row: z.number().positive(),
    count: 1,
    compute: async function* () {
      const times = await medianTimes(
        timedSamples(samples),
        { encode: (rgb) => encode(rgb, codec) },
        signalOf(context),
      );
      yield [times.encode];
    },
  });
  return encodeMs as number;
}
