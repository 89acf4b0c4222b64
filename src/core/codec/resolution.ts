/**
 * Symbols at a coarser resolution: bit planes, as in JPEG 2000 (Taubman, "High performance scalable image compression with
 * EBCOT", IEEE Transactions on Image Processing 9, 2000). A symbol counts quantizer steps from 0 outwards; at resolution r
 * the lowest r bits of its size are not known.
 *
 * Symbols that agree in the other bits are a group. Two groups of one resolution, or three about 0, make one of the next:
 * refining one resolution after the other loses nothing.
 */

/**
 * The resolution of an element of which nothing is known: its one group holds every symbol of 16 bits. A model's resolutions
 * are finer; at the coarsest possible one, 15, only the highest bit of a symbol would be known.
 */
export const nothingKnown = 16;

/** The group that a symbol falls into: its size without the lowest bits, with its sign. */
export function groupOf(symbol: number, resolution: number): number {
  return symbol < 0 ? 0 - (-symbol >> resolution) : symbol >> resolution;
}

/** Smallest symbol of a group. */
export function groupFirst(group: number, resolution: number): number {
  return group > 0 ? group * (1 << resolution) : (group - 1) * (1 << resolution) + 1;
}

/** Largest symbol of a group. */
export function groupLast(group: number, resolution: number): number {
  return 0 - groupFirst(-group, resolution);
}
