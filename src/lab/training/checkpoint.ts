/**
 * What a training has come to, on disk: the results of finished steps, and the optimizer's state of the one under way.
 *
 * A folder with one safetensors file a finished step (`<step>.safetensors`) and one for the step under way
 * (`<step>.partial.safetensors`). Each file's metadata holds the hash of the recipe: another recipe starts anew.
 */

import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TensorMap } from '../../core/tensor/index.ts';
import { atomicWriteFile } from '../files/index.ts';
import { parseSafetensors, writeSafetensors } from '../weights/index.ts';
import type { OptimizerState } from './optimizer-graph.ts';

/** Tensors and JSON-able notes of a finished step. */
export interface StepResult<Notes> {
  readonly tensors: TensorMap;
  readonly notes: Notes;
}

/** Where a training saves itself. */
export interface Checkpoint {
  /** Result of a finished step, or `undefined`. */
  load<Notes>(step: string): Promise<StepResult<Notes> | undefined>;
  save<Notes>(step: string, result: StepResult<Notes>): Promise<void>;
  /** State of a step that was broken off, and what the caller noted with it. */
  loadPartial<Notes>(step: string): Promise<{ readonly state: OptimizerState; readonly notes: Notes } | undefined>;
  savePartial<Notes>(step: string, state: OptimizerState, notes: Notes): Promise<void>;
}

/** Hash of a recipe: anything JSON-able; the order of its keys does not matter. */
export function recipeHash(recipe: unknown): string {
  const sorted = JSON.stringify(recipe, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash('sha256').update(sorted).digest('hex').slice(0, 16);
}

/** Opens the checkpoint of one recipe in a folder. */
export function openCheckpoint(folder: string, hash: string): Checkpoint {
  const pathOf = (step: string, partial: boolean): string =>
    join(folder, `${step}${partial ? '.partial' : ''}.safetensors`);

  async function read(path: string): Promise<{ tensors: TensorMap; notes: unknown } | undefined> {
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (bytes === undefined) return undefined;
    try {
      const { tensors, metadata } = parseSafetensors(bytes);
      return metadata.recipe === hash ? { tensors, notes: JSON.parse(metadata.notes ?? 'null') } : undefined;
    } catch {
      // A damaged checkpoint costs its step, not the training.
      return undefined;
    }
  }

  const write = (path: string, tensors: TensorMap, notes: unknown): Promise<void> =>
    atomicWriteFile(path, writeSafetensors(tensors, { recipe: hash, notes: JSON.stringify(notes) }));

  return {
    async load<Notes>(step: string) {
      const found = await read(pathOf(step, false));
      return found && { tensors: found.tensors, notes: found.notes as Notes };
    },
    async save(step, { tensors, notes }) {
      await write(pathOf(step, false), tensors, notes);
      // One step is under way at a time, and its parts may have names of their own.
      const partials = (await readdir(folder)).filter((name) => name.endsWith('.partial.safetensors'));
      await Promise.all(partials.map((name) => rm(join(folder, name), { force: true })));
    },
    async loadPartial<Notes>(step: string) {
      const found = await read(pathOf(step, true));
      if (found === undefined) return undefined;
      const { step: steps, notes } = found.notes as { step: number; notes: Notes };
      return {
        state: {
          step: steps,
          parameters: withPrefix(found.tensors, 'parameter/'),
          moments: withPrefix(found.tensors, 'moment/'),
        },
        notes,
      };
    },
    async savePartial(step, state, notes) {
      const tensors = { ...prefixed('parameter/', state.parameters), ...prefixed('moment/', state.moments) };
      await write(pathOf(step, true), tensors, { step: state.step, notes });
    },
  };
}

const prefixed = (prefix: string, tensors: TensorMap): TensorMap =>
  Object.fromEntries(Object.entries(tensors).map(([name, t]) => [prefix + name, t]));

const withPrefix = (tensors: TensorMap, prefix: string): TensorMap =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, t]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), t]] : [])),
  );
