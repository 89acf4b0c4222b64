import { expect, test } from 'vitest';
import { normalTensors, stepContextOf } from '../../../test/fixtures/step-context.ts';
import { tensor } from '../../core/tensor/index.ts';
import { constant, gemm, reduceMean, slice } from '../graph/index.ts';
import { attentionParameters } from '../networks/index.ts';
import { openGates } from './attention-step.ts';
import { rankChannels } from './channel-ranking.ts';
import type { Tail } from './tail.ts';

const [channels, count, trainCount] = [16, 24, 16];
const normal = normalTensors(5);
const maps = normal([count, channels, 7, 7]);
// The validation part is of another size: a ranking that looked at it would differ.
maps.data.forEach((value, i) => {
  maps.data[i] = Math.abs(value) * (i < trainCount * channels * 49 ? 1 : 3);
});
const context = await stepContextOf(maps, new Array(count).fill(0), trainCount);
const tensors = Object.fromEntries(
  Object.entries(attentionParameters(channels)).map(([name, size]) => [name, normal(size, 0.5)] as const),
);

const noTail: Tail = {
  logits: () => {
    throw new Error('this ranking asks no tail');
  },
};

test('channels are ranked by their mean gate over the training part', async () => {
  const { order, importance: meanGates } = await rankChannels(context, 'attention', {
    attention: tensors,
    tail: noTail,
  });
  const weights = (name: string) => tensors[`attention/${name}`]?.data as Float32Array;
  const branch = (pooled: number[], channel: number): number => {
    const hidden = pooled.reduce((sum, x, c) => sum + x * (weights('reduce/weights')[c] as number), 0);
    const relu = Math.max(0, hidden + (weights('reduce/bias')[0] as number));
    return relu * (weights('expand/weights')[channel] as number) + (weights('expand/bias')[channel] as number);
  };
  const expected = Array.from({ length: channels }, (_, channel) => {
    const gates = context.set.train.map((i) => {
      const planes = Array.from({ length: channels }, (_, c) =>
        maps.data.subarray((i * channels + c) * 49, (i * channels + c + 1) * 49),
      );
      const mean = planes.map((plane) => plane.reduce((a, b) => a + b, 0) / 49);
      const max = planes.map((plane) => Math.max(...plane));
      return 1 / (1 + Math.exp(-branch(mean, channel) - branch(max, channel)));
    });
    return gates.reduce((a, b) => a + b, 0) / gates.length;
  });
  expected.forEach((gate, channel) => {
    expect(meanGates[channel]).toBeCloseTo(gate, 5);
  });
  expect(order).toEqual(
    Array.from({ length: channels }, (_, i) => i).sort((a, b) => (expected[b] as number) - (expected[a] as number)),
  );
});

test('channels are ranked by energy: the mean square over the training part', async () => {
  const { order, importance } = await rankChannels(context, 'energy', { attention: tensors, tail: noTail });
  const expected = Array.from({ length: channels }, (_, c) => {
    const squares = context.set.train.map((i) =>
      maps.data.subarray((i * channels + c) * 49, (i * channels + c + 1) * 49).reduce((a, b) => a + b * b, 0),
    );
    return squares.reduce((a, b) => a + b, 0) / (49 * squares.length);
  });
  expected.forEach((energy, channel) => {
    expect(importance[channel]).toBeCloseTo(energy, 4);
  });
  expect(importance[order[0] as number]).toBe(Math.max(...importance));
});

test('channels are ranked by what zeroing them would do to the loss, to first order', async () => {
  const labels = Array.from({ length: count }, (_, i) => i % 2);
  const twoClasses = await stepContextOf(maps, labels, trainCount);
  // Logits that read channel 3 alone: no other channel can matter.
  const tail: Tail = {
    logits: (map) => {
      const channel = reduceMean(slice(map, 1, 3, 4), [2, 3], 0);
      return gemm(channel, constant(map.graph, tensor('float32', [1, 2], Float32Array.of(1, -1))));
    },
  };
  const { order, importance } = await rankChannels(twoClasses, 'taylor', { attention: tensors, tail });
  expect(order[0]).toBe(3);
  // d loss / d logits is (p - target); the channel's mean m gives |m (p0 - t0) * 1 + m (p1 - t1) * -1|.
  const expected = twoClasses.set.train.map((i) => {
    const m = maps.data.subarray((i * channels + 3) * 49, (i * channels + 4) * 49).reduce((a, b) => a + b, 0) / 49;
    const p0 = 1 / (1 + Math.exp(-2 * m));
    return Math.abs(2 * m * (p0 - (labels[i] === 0 ? 1 : 0)));
  });
  expect(importance[3]).toBeCloseTo(expected.reduce((a, b) => a + b, 0) / expected.length, 4);
  expect(importance.filter((value) => value === 0)).toHaveLength(channels - 1);
});

test('a random ranking is one of all channels, follows the seed and nothing else', async () => {
  const options = { attention: tensors, tail: noTail };
  const first = await rankChannels(context, 'random', options);
  expect(await rankChannels(context, 'random', options)).toEqual(first);
  expect([...first.order].sort((a, b) => a - b)).toEqual(Array.from({ length: channels }, (_, i) => i));
  const otherSeed = { ...context, recipe: { ...context.recipe, seed: 1 } };
  expect((await rankChannels(otherSeed, 'random', options)).order).not.toEqual(first.order);
});

test('open gates let every feature map through', async () => {
  const open = await rankChannels(context, 'attention', { attention: openGates(channels), tail: noTail });
  for (const gate of open.importance) expect(gate).toBeCloseTo(1, 6);
});
