import { expect, test } from 'vitest';
import { placeLabels } from './label-placement.ts';

test('labels of marks that lie together do not cover one another and stay inside', () => {
  const marks = Array.from({ length: 6 }, (_, i) => ({ x: 380, y: 100 + 3 * i, label: `label ${i}` }));
  const places = placeLabels(marks, { width: 400, height: 300 });
  const width = 6.7 * 'label 0'.length;
  for (const [i, a] of places.entries()) {
    expect(a.x).toBeGreaterThanOrEqual(0);
    expect(a.x + width).toBeLessThanOrEqual(400);
    for (const b of places.slice(i + 1)) {
      expect(Math.abs(a.x - b.x) >= width || Math.abs(a.y - b.y) >= 14).toBe(true);
    }
  }
});

test('a mark alone has its label on the right', () => {
  expect(placeLabels([{ x: 50, y: 50, label: 'one' }], { width: 400, height: 100 })).toEqual([{ x: 60, y: 50 }]);
});
