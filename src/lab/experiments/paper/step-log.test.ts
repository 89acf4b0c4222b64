import { expect, test } from 'vitest';
import { zeros } from '../../../core/tensor/index.ts';
import type { Checkpoint } from '../../training/index.ts';
import { createStepLog } from './step-log.ts';

/** A checkpoint in memory. */
function memoryCheckpoint(): Checkpoint {
  const saved = new Map<string, unknown>();
  return {
    load: async <Notes>(step: string) => saved.get(step) as Awaited<ReturnType<Checkpoint['load']>> & { notes: Notes },
    save: async (step, result) => {
      saved.set(step, result);
    },
    loadPartial: async () => undefined,
    savePartial: async () => undefined,
  };
}

const epochs = [
  { epoch: 1, seconds: 10, accuracy: 0.5 },
  { epoch: 2, seconds: 20, accuracy: 0.7 },
];
const trained = async () => ({ tensors: { w: zeros('float32', [2]) }, epochs, price: 3 });

test('seconds add up over the steps, and moments count from the start of the first', async () => {
  const log = createStepLog();
  log.add('teacher', 5);
  const { notes } = await log.run<{ price: number }>(memoryCheckpoint(), 'task', trained);
  await log.run(memoryCheckpoint(), 'fine-tune', trained);
  expect(notes).toEqual({ price: 3 });
  expect(log.result()).toEqual({
    steps: [
      { name: 'teacher', seconds: 5 },
      { name: 'task', seconds: 20 },
      { name: 'fine-tune', seconds: 20 },
    ],
    trainingSeconds: 45,
    history: [
      { step: 'task', seconds: 15, accuracy: 0.5 },
      { step: 'task', seconds: 25, accuracy: 0.7 },
      { step: 'fine-tune', seconds: 35, accuracy: 0.5 },
      { step: 'fine-tune', seconds: 45, accuracy: 0.7 },
    ],
  });
});

test('a step that is in the checkpoint is not computed again, and counts as it did', async () => {
  const checkpoint = memoryCheckpoint();
  const first = createStepLog();
  await first.run(checkpoint, 'task', trained);
  const second = createStepLog();
  const again = await second.run(checkpoint, 'task', () => Promise.reject(new Error('computed again')));
  expect(second.result()).toEqual(first.result());
  expect(again.tensors.w?.shape).toEqual([2]);
});

test('a step without epochs takes the time that it took', async () => {
  const log = createStepLog();
  await log.run(memoryCheckpoint(), 'ranking', async () => {
    await new Promise((resolve) => setTimeout(resolve, 60));
    return { tensors: {} };
  });
  const [step] = log.result().steps;
  expect(step?.seconds).toBeGreaterThan(0.05);
  expect(step?.seconds).toBeLessThan(5);
});
