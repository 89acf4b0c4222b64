import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../../core/tensor/index.ts';
import { pairedDifference } from './bootstrap.ts';

/** Answers of which the first `right` of `count` are right. */
const answers = (count: number, right: number): string => '1'.repeat(right) + '0'.repeat(count - right);

describe('the paired bootstrap', () => {
  test('contains the true difference and is about as wide as the normal interval of paired answers', () => {
    // 60 pictures only ours answers rightly, 20 only theirs, of 1,000.
    const ours = '1'.repeat(860) + '0'.repeat(140);
    const theirs = `${'1'.repeat(800)}${'0'.repeat(60)}${'1'.repeat(20)}${'0'.repeat(120)}`;
    const { mean, low, high } = pairedDifference([{ ours, theirs }]);
    expect(mean).toBeCloseTo(0.04, 10);
    const standardError = Math.sqrt((0.08 - 0.04 ** 2) / 1000);
    expect(low).toBeCloseTo(0.04 - 1.96 * standardError, 2);
    expect(high).toBeCloseTo(0.04 + 1.96 * standardError, 2);
  });

  test('agrees with resampling every picture', () => {
    const random = createRandom(3);
    const draw = (share: number) => Array.from({ length: 400 }, () => (random.uniform() < share ? '1' : '0')).join('');
    const [ours, theirs] = [draw(0.9), draw(0.6)];
    const means = Array.from({ length: 2000 }, () => {
      let sum = 0;
      for (let i = 0; i < 400; i++) {
        const picture = random.below(400);
        sum += Number(ours[picture]) - Number(theirs[picture]);
      }
      return sum / 400;
    }).sort((a, b) => a - b);
    const { low, high } = pairedDifference([{ ours, theirs }]);
    expect(low).toBeCloseTo(means[50] ?? Number.NaN, 2);
    expect(high).toBeCloseTo(means[1949] ?? Number.NaN, 2);
  });

  test('is the same every time and zero for the same answers', () => {
    const pair = { ours: answers(300, 280), theirs: answers(300, 270) };
    expect(pairedDifference([pair])).toEqual(pairedDifference([pair]));
    const same = { ours: pair.ours, theirs: pair.ours };
    expect(pairedDifference([same])).toEqual({ mean: 0, low: 0, high: 0 });
  });

  test('covers answers that all differ', () => {
    expect(pairedDifference([{ ours: '111', theirs: '000' }])).toEqual({ mean: 1, low: 1, high: 1 });
  });

  test('averages over seeds', () => {
    const pairs = [
      { ours: answers(200, 190), theirs: answers(200, 180) },
      { ours: answers(200, 170), theirs: answers(200, 180) },
    ];
    expect(pairedDifference(pairs).mean).toBeCloseTo(0, 12);
  });

  test('refuses answers to different pictures', () => {
    expect(() => pairedDifference([{ ours: '110', theirs: '11' }])).toThrow(RangeError);
    expect(() => pairedDifference([])).toThrow(RangeError);
  });
});
