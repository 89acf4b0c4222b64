import { expect, test } from 'vitest';
import { normalTensors, stepContextOf } from '../../../test/fixtures/step-context.ts';
import { attentionParameters } from '../networks/index.ts';
import { rankChannels } from './attention-step.ts';

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

test('channels are ranked by their mean gate over the training part', async () => {
  const { order, meanGates } = await rankChannels(context, tensors);
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
