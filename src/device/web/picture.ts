/** Pictures in a browser: its own decoder, and `core/image` for the network's input. */

import { ImageError } from '../../core/errors.ts';
import { cropToInput } from '../../core/image/index.ts';
import type { DeviceImage } from '../image-compressor.ts';

/** Larger pictures are refused: 2^26 pixels are 256 MiB once decoded. */
const maxPixels = 2 ** 26;

/**
 * Decodes a picture to the network's input: upright, shorter side 256, central 224x224. sRGB, without the colour management
 * of a display.
 *
 * @param file - A picture file of a kind that the browser knows.
 * @throws {@link ImageError} when it is none, or is too large.
 */
export async function decodeBrowserPicture(file: Blob): Promise<DeviceImage> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image', colorSpaceConversion: 'default' });
  } catch (cause) {
    throw new ImageError('this is no picture that the browser can decode: give a JPEG, PNG, WebP, AVIF or GIF file', {
      cause,
    });
  }
  try {
    return inputFromBitmap(bitmap);
  } finally {
    bitmap.close();
  }
}

/**
 * The network's input from a video that plays, as it is now.
 *
 * @throws {@link ImageError} when it shows nothing yet.
 */
export function inputFromVideo(video: HTMLVideoElement): DeviceImage {
  if (video.videoWidth === 0) throw new ImageError('the video shows nothing yet: wait for its first picture');
  return inputFrom(video, video.videoWidth, video.videoHeight);
}

const inputFromBitmap = (bitmap: ImageBitmap): DeviceImage => inputFrom(bitmap, bitmap.width, bitmap.height);

function inputFrom(source: CanvasImageSource, width: number, height: number): DeviceImage {
  if (width * height > maxPixels) {
    throw new ImageError(`the picture has ${width} x ${height} pixels, more than ${maxPixels}: shrink it first`);
  }
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' });
  if (context === null) throw new ImageError('this browser gives no 2D canvas: try another one');
  context.drawImage(source, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return { rgb: cropToInput({ data, width, height, channels: 4 }) };
}
