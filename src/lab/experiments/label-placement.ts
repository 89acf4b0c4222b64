/** Finds a place for the label of each mark of a plot so that labels cover neither marks nor one another. */

/** Where a mark is, in pixels, and what is to be written beside it. */
export interface LabelledMark {
  readonly x: number;
  readonly y: number;
  /** Empty for a mark that is only to be left free. */
  readonly label: string;
  /** Room that it takes on every side; that of a point when left out. */
  readonly radius?: number;
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

/** Room that a point takes on every side. */
const pointRadius = 6;

/** Room between two labels on a line. */
const labelGap = 5;

/** Covered square pixels that a label is moved a pixel away for. */
const distanceCost = 2;

/** Distances tried, nearest first. */
const rings: readonly number[] = [0, 14, 28, 42, 56, 72, 90];

/**
 * Places labels one after another: right, left, above or below its mark, then further away; the place that covers least.
 *
 * @returns One place a mark, in their order.
 */
export function placeLabels(marks: readonly LabelledMark[], space: LabelSpace): LabelPlace[] {
  const { width, height, characterWidth = 6.7, lineHeight = 14 } = space;
  const taken: Box[] = marks.map(({ x, y, radius = pointRadius }) => ({
    left: x - radius,
    right: x + radius,
    top: y - radius,
    bottom: y + radius,
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
    const candidates = rings.flatMap((away) =>
      [
        { x: right, y: y + away },
        { x: right, y: y - away },
        { x: centre, y: y - 15 - away },
        { x: centre, y: y + 15 + away },
        { x: left, y: y - away },
        { x: left, y: y + away },
      ].map((place) => ({ place, away })),
    );
    let best = { x, y };
    let leastCost = Number.POSITIVE_INFINITY;
    for (const [i, { place, away }] of candidates.entries()) {
      const box = boxAt(place);
      const outside = Math.max(0, -box.left, box.right - width) + Math.max(0, -box.top, box.bottom - height);
      const covered = taken.reduce((sum, other) => sum + overlap(box, other), 0);
      const cost = covered + 50 * outside + distanceCost * away + 0.5 * i;
      if (cost < leastCost) {
        leastCost = cost;
        best = place;
      }
    }
    const { left: from, right: to, ...rows } = boxAt(best);
    taken.push({ ...rows, left: from - labelGap, right: to + labelGap });
    return best;
  });
}
