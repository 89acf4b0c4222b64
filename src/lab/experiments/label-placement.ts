/** Finds a place for the label of each mark of a plot so that labels cover neither marks nor one another. */

/** Where a mark is, in pixels, and what is to be written beside it. */
export interface LabelledMark {
  readonly x: number;
  readonly y: number;
  /** Empty for a mark that is only to be left free. */
  readonly label: string;
}

/** Left end of a label's text and its middle line, in pixels. */
export interface LabelPlace {
  readonly x: number;
  readonly y: number;
}

/** Size of a plot and of its text, in pixels. */
export interface LabelSpace {
  readonly width: number;
  readonly height: number;
  readonly characterWidth?: number;
  readonly lineHeight?: number;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const overlap = (a: Box, b: Box): number =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
  Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

/** Room that a mark takes on every side. */
const markRadius = 6;

/** Distances tried, nearest first. */
const rings: readonly number[] = [0, 14, 28, 42, 56, 72, 90];

/**
 * Places labels one after another: right, left, above or below its mark, then further away; the place that covers least.
 *
 * @returns One place a mark, in their order.
 */
export function placeLabels(marks: readonly LabelledMark[], space: LabelSpace): LabelPlace[] {
  const { width, height, characterWidth = 6.7, lineHeight = 14 } = space;
  const taken: Box[] = marks.map(({ x, y }) => ({
    left: x - markRadius,
    right: x + markRadius,
    top: y - markRadius,
    bottom: y + markRadius,
  }));
  return marks.map(({ x, y, label }) => {
    if (label === '') return { x, y };
    const textWidth = characterWidth * label.length;
    const boxAt = ({ x: left, y: middle }: LabelPlace): Box => ({
      left,
      right: left + textWidth,
      top: middle - lineHeight / 2,
      bottom: middle + lineHeight / 2,
    });
    const right = x + 10;
    const left = x - 10 - textWidth;
    const centre = x - textWidth / 2;
    const candidates = rings.flatMap((away) => [
      { x: right, y: y + away },
      { x: right, y: y - away },
      { x: centre, y: y - 15 - away },
      { x: centre, y: y + 15 + away },
      { x: left, y: y - away },
      { x: left, y: y + away },
    ]);
    let best = candidates[0] ?? { x, y };
    let leastCost = Number.POSITIVE_INFINITY;
    for (const [i, candidate] of candidates.entries()) {
      const box = boxAt(candidate);
      const outside = Math.max(0, -box.left, box.right - width) + Math.max(0, -box.top, box.bottom - height);
      const cost = taken.reduce((sum, other) => sum + overlap(box, other), 0) + 50 * outside + 0.5 * i;
      if (cost < leastCost) {
        leastCost = cost;
        best = candidate;
      }
    }
    taken.push(boxAt(best));
    return best;
  });
}
