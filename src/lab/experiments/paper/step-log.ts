/** Runs the steps of one configuration, each once, and keeps how long they took and how accurate they were. */

import type { TensorMap } from '../../../core/tensor/index.ts';
import type { Checkpoint, EpochRecord } from '../../training/index.ts';
import type { PaperResult, TrainingMoment } from './paper-result.ts';

/** What a step computes: tensors, its epochs if it is a training, and whatever else is JSON. */
export type StepOutcome<Notes> = Notes & {
  readonly tensors: TensorMap;
  readonly epochs?: readonly EpochRecord[];
};

/** Collects the steps of one configuration. */
export interface StepLog {
  /** Counts a step that was run elsewhere. */
  add(name: string, seconds: number): void;
  /** Runs a step, or takes it from the checkpoint. */
  run<Notes extends object = object>(
    checkpoint: Checkpoint,
    name: string,
    compute: () => Promise<StepOutcome<Notes>>,
  ): Promise<{ readonly tensors: TensorMap; readonly notes: Notes }>;
  result(): Pick<PaperResult, 'steps' | 'trainingSeconds' | 'history'>;
}

interface SavedStep<Notes> {
  readonly seconds: number;
  readonly epochs: readonly EpochRecord[];
  readonly notes: Notes;
}

/** Starts an empty log. */
export function createStepLog(): StepLog {
  const steps: { name: string; seconds: number }[] = [];
  const history: TrainingMoment[] = [];
  const total = (): number => steps.reduce((sum, { seconds }) => sum + seconds, 0);
  return {
    add(name, seconds) {
      steps.push({ name, seconds });
    },
    async run<Notes extends object>(
      checkpoint: Checkpoint,
      name: string,
      compute: () => Promise<StepOutcome<Notes>>,
    ): Promise<{ readonly tensors: TensorMap; readonly notes: Notes }> {
      const found = await checkpoint.load<SavedStep<Notes>>(name);
      const { tensors, notes: saved } = found ?? (await runAndSave(checkpoint, name, compute));
      for (const { seconds, accuracy } of saved.epochs) {
        history.push({ step: name, seconds: total() + seconds, accuracy });
      }
      steps.push({ name, seconds: saved.seconds });
      return { tensors, notes: saved.notes };
    },
    result: () => ({ steps, trainingSeconds: total(), history }),
  };
}

async function runAndSave<Notes extends object>(
  checkpoint: Checkpoint,
  name: string,
  compute: () => Promise<StepOutcome<Notes>>,
): Promise<{ readonly tensors: TensorMap; readonly notes: SavedStep<Notes> }> {
  const startedAt = performance.now();
  const { tensors, epochs = [], ...rest } = await compute();
  // Validation is no part of the training, and a broken-off training has run before.
  const seconds = epochs.at(-1)?.seconds ?? (performance.now() - startedAt) / 1000;
  const notes: SavedStep<Notes> = { seconds, epochs, notes: rest as unknown as Notes };
  await checkpoint.save(name, { tensors, notes });
  return { tensors, notes };
}
