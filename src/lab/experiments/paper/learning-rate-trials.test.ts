import { expect, test } from 'vitest';
import { learningRateTrials, methodTrials } from './learning-rate-trials.ts';

test('a place has its own trials where the method names it, for one size or for both; elsewhere those of the method', () => {
  const { rates } = methodTrials.aecnn;
  expect(learningRateTrials('aecnn', { split: 'conv4_x', size: 'packet' })).toEqual({ rates });
  expect(learningRateTrials('aecnn', { split: 'conv2_x', size: '256x' })).toEqual({ rates, onShare: true });
  const inAPacket = learningRateTrials('aecnn', { split: 'conv2_x', size: 'packet' });
  expect(Math.max(...inAPacket.rates)).toBeGreaterThan(Math.max(...rates));
  expect(inAPacket.onShare).toBeUndefined();
  const [packet, whole] = (['packet', '256x'] as const).map((size) =>
    learningRateTrials('bottlenet', { split: 'conv2_x', size }),
  );
  expect(packet).toEqual(whole);
  expect(packet?.rates).not.toEqual(methodTrials.bottlenet.rates);
});
