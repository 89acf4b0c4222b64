import { expect, test } from 'vitest';
import { estimateTraining } from './estimate.ts';
import { defaultRecipe, type TrainRecipe } from './recipe.ts';

const recipe: TrainRecipe = { ...defaultRecipe, split: 'conv4_x', selectedChannels: 768 };
const seconds = (changes: Partial<TrainRecipe> = {}, images = 1000, threads = 2) =>
  estimateTraining({ ...recipe, ...changes }, images, threads).seconds;

test('time and space grow with the pictures, and threads share the time', () => {
  const [one, two] = [estimateTraining(recipe, 1000, 2), estimateTraining(recipe, 2000, 2)];
  expect(two.seconds / one.seconds).toBeCloseTo(2, 6);
  expect(two.cacheBytes).toBeGreaterThan(1.9 * one.cacheBytes);
  expect(seconds({}, 1000, 1) / seconds({}, 1000, 4)).toBeCloseTo(4, 6);
});

test.each(['attention', 'reconstruction', 'task'] as const)('time grows with the epochs of the %s step', (step) => {
  const epochs = { ...recipe.epochs, [step]: recipe.epochs[step] + 1 };
  expect(seconds({ epochs })).toBeGreaterThan(1.02 * seconds());
});

test('a last stage that is trained costs time for each of its epochs', () => {
  const longer = { ...recipe.epochs, fineTune: 2 * recipe.epochs.fineTune };
  expect(seconds({ epochs: longer })).toBe(seconds());
  for (const choice of [{ fineTuneTail: true }, { teacher: 'fine-tuned' }] as const) {
    expect(seconds(choice)).toBeGreaterThan(1.1 * seconds());
    expect(seconds({ ...choice, epochs: longer })).toBeGreaterThan(1.1 * seconds(choice));
  }
});

test('the earlier the split, the longer the tail to train through', () => {
  const order = (['conv2_x', 'conv3_x', 'conv4_x', 'conv5_x'] as const).map((split) => seconds({ split }));
  expect([...order].sort((a, b) => b - a)).toEqual(order);
});
