import { expect, test } from 'vitest';
import { normalTensors, stepContextOf } from '../../../test/fixtures/step-context.ts';
import { pickTensor } from '../../core/tensor/index.ts';
import { pooledFeatures } from '../networks/index.ts';
import { answeredBy } from './stock-teacher.ts';

test('labels are the largest logits of the classifier, whatever the folders were called', async () => {
  const normal = normalTensors(3);
  const count = 7;
  const context = await stepContextOf(normal([count, 2, 7, 7]), [0, 1, 0, 1, 0, 1, 0], 5);
  const pooled = normal([count, pooledFeatures]);
  const classes = ['ant', 'bee', 'cow', 'dog'];
  const tensors = { 'classifier/weights': normal([pooledFeatures, 4]), 'classifier/bias': normal([4]) };
  const set = { ...context.set, features: { ...context.set.features, pooled: pooled.data } };
  const answered = await answeredBy({ classes, tensors }, set, context);
  const { data: weights } = pickTensor(tensors, 'classifier/weights', 'float32');
  const { data: bias } = pickTensor(tensors, 'classifier/bias', 'float32');
  const expected = Array.from({ length: count }, (_, row) => {
    const logits = classes.map((_name, c) => {
      let sum = bias[c] as number;
      for (let i = 0; i < pooledFeatures; i++) {
        sum += (pooled.data[row * pooledFeatures + i] as number) * (weights[i * 4 + c] as number);
      }
      return sum;
    });
    return logits.indexOf(Math.max(...logits));
  });
  expect([...answered.labels]).toEqual(expected);
  expect(new Set(expected).size).toBeGreaterThan(1);
  expect(answered).toMatchObject({ classes: 4, train: context.set.train, validation: context.set.validation });
});
