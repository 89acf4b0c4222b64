/**
 * Pixels of any size to the network's input, where no image library is at hand: in a browser.
 *
 * Separable cubic convolution (Keys, "Cubic convolution interpolation for digital image processing", IEEE ASSP 29, 1981, with
 * a = -1/2: Catmull-Rom), stretched when shrinking so that there is no aliasing: the kernel that `runtime/picture.ts` asks of
 * sharp. Columns first, rounded to 8 bits between, as libvips does it.
 */

import { planResize, type Region } from './geometry.ts';

/** Decoded pixels, row by row. */
export interface Pixels {
  /** `width * height * channels` bytes; of four channels the last is opacity. */
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
}

/**
 * Resizes and crops a picture as {@link planResize} says; transparency is laid on white.
 *
 * @returns `uint8[224, 224, 3]`, red first.
 * @throws {@link RangeError} when there are more or fewer bytes than pixels.
 */
export function cropToInput(pixels: Pixels): Uint8Array {
  const { data, width, height, channels } = pixels;
  if (data.length !== width * height * channels) {
    throw new RangeError(`${width} x ${height} pixels of ${channels} bytes, got ${data.length} bytes`);
  }
  const { source, resized, crop } = planResize(width, height);
  const planes = opaque(pixels, source);
  const rows = weightsOf(source.height, resized.height, crop.top, crop.height);
  const columns = weightsOf(source.width, resized.width, crop.left, crop.width);
  const narrowed = new Uint8Array(crop.height * source.width * 3);
  for (let y = 0; y < crop.height; y++) {
    const { first, weights } = rows[y] as Taps;
    for (let x = 0; x < source.width * 3; x++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) {
        sum += (weights[i] as number) * (planes[(first + i) * source.width * 3 + x] as number);
      }
      narrowed[y * source.width * 3 + x] = toByte(sum);
    }
  }
  const rgb = new Uint8Array(crop.height * crop.width * 3);
  for (let x = 0; x < crop.width; x++) {
    const { first, weights } = columns[x] as Taps;
    for (let y = 0; y < crop.height; y++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let i = 0; i < weights.length; i++) {
          sum += (weights[i] as number) * (narrowed[(y * source.width + first + i) * 3 + channel] as number);
        }
        rgb[(y * crop.width + x) * 3 + channel] = toByte(sum);
      }
    }
  }
  return rgb;
}

/** Which samples an output sample is made of: consecutive ones, and the share of each. */
interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/** Taps of `count` output samples from `offset` on, when `from` samples are resized to `to`. */
function weightsOf(from: number, to: number, offset: number, count: number): Taps[] {
  const scale = from / to;
  const stretch = Math.max(1, scale);
  return Array.from({ length: count }, (_, i) => {
    // The centres of both rows of samples span the same length; libvips, when it enlarges, is half a sample before that.
    const centre = (offset + i + (scale < 1 ? 0 : 0.5)) * scale - 0.5;
    const first = Math.max(0, Math.ceil(centre - 2 * stretch));
    const last = Math.min(from - 1, Math.floor(centre + 2 * stretch));
    // What lies beyond the edge is the sample at the edge.
    const weights = Array.from({ length: last - first + 1 }, () => 0);
    let sum = 0;
    for (let at = Math.ceil(centre - 2 * stretch); at <= Math.floor(centre + 2 * stretch); at++) {
      const weight = catmullRom((at - centre) / stretch);
      const inside = Math.min(last, Math.max(first, at)) - first;
      weights[inside] = (weights[inside] as number) + weight;
      sum += weight;
    }
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

function catmullRom(x: number): number {
  const distance = Math.abs(x);
  if (distance < 1) return 1.5 * distance ** 3 - 2.5 * distance ** 2 + 1;
  if (distance < 2) return -0.5 * distance ** 3 + 2.5 * distance ** 2 - 4 * distance + 2;
  return 0;
}

const toByte = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));

/** A region of the pixels as three channels. */
function opaque({ data, width, channels }: Pixels, { left, top, width: columns, height: rows }: Region): Uint8Array {
  const rgb = new Uint8Array(rows * columns * 3);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const from = ((top + y) * width + left + x) * channels;
      const alpha = channels === 4 ? (data[from + 3] as number) / 255 : 1;
      for (let channel = 0; channel < 3; channel++) {
        const value = data[from + channel] as number;
        rgb[(y * columns + x) * 3 + channel] = alpha === 1 ? value : toByte(255 + alpha * (value - 255));
      }
    }
  }
  return rgb;
}
