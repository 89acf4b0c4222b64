/**
 * From a picture of any size to the network's square input: shorter side to 256, then the central 224x224.
 *
 * The usual ImageNet evaluation recipe, spelled out to the pixel so that every decoder (sharp, a browser) cuts the same
 * region. Rounding: the longer side is `round(longer * 256 / shorter)` (halves up), crop offsets are rounded down.
 *
 * The twist: of a very long picture only the middle is resized. Its crop never sees the rest, and a picture of 1x5000
 * pixels would otherwise grow to 256x1,280,000 first.
 */

/** Side of the square that the network reads, in pixels. */
export const cropSide = 224;
/** Length of the shorter side before the crop, in pixels. */
export const shorterSide = 256;
/** Pictures whose longer side exceeds this many shorter sides are cut to their middle before resizing. */
export const maxAspectRatio = 2;

/** A rectangle of pixels. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** How to bring a picture to the network's input: cut `source`, resize it to `resized`, cut `crop` out of that. */
export interface ResizePlan {
  /** Part of the picture that is resized: all of it, unless it is longer than {@link maxAspectRatio}. */
  readonly source: Region;
  readonly resized: { readonly width: number; readonly height: number };
  /** The square that the network reads, in resized pixels. */
  readonly crop: Region;
}

/**
 * Plans resize and crop of a picture.
 *
 * @param width - Width in pixels, after the EXIF orientation has been applied.
 * @param height - Height in pixels, likewise.
 * @throws RangeError when a side is not a positive integer.
 */
export function planResize(width: number, height: number): ResizePlan {
  for (const [name, value] of Object.entries({ width, height })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`${name} must be a positive integer, got ${value}`);
  }
  const shorter = Math.min(width, height);
  const sourceWidth = centralLength(width, shorter);
  const sourceHeight = centralLength(height, shorter);
  const resized = {
    width: Math.round((sourceWidth * shorterSide) / shorter),
    height: Math.round((sourceHeight * shorterSide) / shorter),
  };
  return {
    source: central(width, height, sourceWidth, sourceHeight),
    resized,
    crop: central(resized.width, resized.height, cropSide, cropSide),
  };
}

/** Length that is kept of a side; of the same parity as the side, so that its middle stays the middle. */
function centralLength(length: number, shorter: number): number {
  const longest = maxAspectRatio * shorter;
  return length <= longest ? length : longest + ((length - longest) % 2);
}

function central(width: number, height: number, innerWidth: number, innerHeight: number): Region {
  return {
    left: Math.floor((width - innerWidth) / 2),
    top: Math.floor((height - innerHeight) / 2),
    width: innerWidth,
    height: innerHeight,
  };
}
