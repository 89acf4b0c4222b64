/** The network's input as something to look at, and as a JPEG. */

import type { DeviceImage } from 'aecnn/device';

/** Draws the network's input on a canvas. */
export function paint(canvas: HTMLCanvasElement | OffscreenCanvas, { rgb }: DeviceImage, side: number): void {
  const context = canvas.getContext('2d') as CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | null;
  if (context === null) return;
  const pixels = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    pixels.data.set(rgb.subarray(3 * i, 3 * i + 3), 4 * i);
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
}

/** Encodes the network's input as a JPEG of a quality from 1 to 100. */
export async function jpegOf(image: DeviceImage, quality: number, side: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(side, side);
  paint(canvas, image, side);
  return canvas.convertToBlob({ type: 'image/jpeg', quality: quality / 100 });
}
