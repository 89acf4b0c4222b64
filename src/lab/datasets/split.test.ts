import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../../core/tensor/index.ts';
import { limitPerClass, splitHash, splitNames, stratifiedSelection } from './index.ts';

const names = (count: number) => Array.from({ length: count }, (_, i) => `image_${String(i + 1).padStart(4, '0')}.jpg`);
const samplesOf = (...counts: number[]) =>
  counts.flatMap((count, label) => Array.from({ length: count }, (_, i) => ({ id: `${label}/${i}`, label })));

test('the split of a name list is pinned: another order would make every recorded split wrong', () => {
  const { test: held, train } = splitNames(names(10), createRandom(0));
  expect(held).toEqual(['image_0006.jpg', 'image_0004.jpg']);
  expect(train).toHaveLength(8);
});

test('the order in which the file system lists names does not matter', () => {
  expect(splitNames(names(31).reverse(), createRandom(5))).toEqual(splitNames(names(31), createRandom(5)));
});

test('the parts are disjoint, together all names, and the test part is a fifth', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 60 }), fc.integer(), (list, seed) => {
      const { train, test: held } = splitNames(list, createRandom(seed));
      expect([...train, ...held].sort()).toEqual([...list].sort());
      expect(held).toHaveLength(Math.max(1, Math.round(0.2 * list.length)));
      expect(train.length).toBeGreaterThan(0);
    }),
  );
});

test('one name cannot be split', () => {
  expect(() => splitNames(['a'], createRandom(0))).toThrow(RangeError);
});

test('the hash is sha256 over sorted lines, whatever order they come in', () => {
  const lines = [
    { id: 'dog/b.jpg', part: 'train' },
    { id: 'cat/a.jpg', part: 'test' },
  ] as const;
  const expected = createHash('sha256').update('cat/a.jpg\ttest\ndog/b.jpg\ttrain\n').digest('hex');
  expect(splitHash(lines)).toBe(expected);
  expect(splitHash(lines.toReversed())).toBe(expected);
  expect(splitHash([lines[0], { id: 'cat/a.jpg', part: 'train' }])).not.toBe(expected);
});

test('a limit keeps the first of each class', () => {
  expect(limitPerClass(samplesOf(3, 1), 2).map(({ id }) => id)).toEqual(['0/0', '0/1', '1/0']);
  expect(limitPerClass(samplesOf(3, 1), undefined)).toHaveLength(4);
  for (const limit of [0, -1, 1.5]) expect(() => limitPerClass(samplesOf(1), limit)).toThrow(/limitPerClass/);
});

test('a stratified selection takes one of each class in turn', () => {
  const all = samplesOf(50, 3, 20);
  const chosen = stratifiedSelection(all, 15, 0);
  const counts = [0, 1, 2].map((label) => chosen.filter((sample) => sample.label === label).length);
  expect(counts).toEqual([6, 3, 6]);
  expect(chosen).toEqual(all.filter((sample) => chosen.includes(sample)));
  expect(stratifiedSelection(all, 15, 0)).toEqual(chosen);
  expect(stratifiedSelection(all, 15, 1)).not.toEqual(chosen);
  expect(stratifiedSelection(all, 1000, 0)).toEqual(all);
});
