/**
 * The models of an edge: loaded, unloaded and loaded again while the others answer.
 *
 * A model is known by its name and its version, which is its model id; frames name it by the id alone. Several versions of a
 * name can be loaded; the one that was loaded last is the one that is meant where none is named.
 *
 * The twist: a model that is unloaded answers what it has accepted before its session closes; new requests do not find it.
 */

import { AecnnError, ModelError } from '../core/errors.ts';
import type { SplitModel } from '../core/model/index.ts';
import type { EdgeModel } from './edge-model.ts';

/** A model that an edge may serve, or what reads it, as it is on disk then, whenever it is loaded. */
export type ModelSource = SplitModel | (() => Promise<SplitModel>);

/** How a model stands, in the words of the model repository extension. */
export interface ModelState {
  readonly name: string;
  readonly version: string;
  readonly state: 'READY' | 'LOADING' | 'UNLOADING' | 'UNAVAILABLE';
  readonly reason?: string;
}

/** Options of {@link createModelRepository}. */
export interface ModelRepositoryOptions {
  readonly sources: readonly ModelSource[];
  /** Makes the model ready to answer. */
  readonly open: (model: SplitModel) => Promise<EdgeModel>;
}

/** Models by name, version and id. */
export interface ModelRepository extends AsyncDisposable {
  /** Those that answer. */
  ready(): readonly EdgeModel[];
  /**
   * The model of a name; the version that was loaded last where none is given.
   *
   * @throws {@link ModelError} when there is none that answers.
   */
  named(name: string, version?: string): EdgeModel;
  /** Whether all models answer but those that were taken out of service, and at least one. */
  isReady(): boolean;
  /** All models that ever answered or should, in the order of their sources. */
  states(): readonly ModelState[];
  /**
   * Reads all versions of a name anew and puts them in the place of those that answer.
   *
   * @throws {@link ModelError} when there is no such model, or it is damaged: those that answered go on.
   */
  load(name: string): Promise<void>;
  /**
   * Takes all versions of a name out of service; resolves when what they accepted is answered.
   *
   * @throws {@link ModelError} when there is no such model.
   */
  unload(name: string): Promise<void>;
  /** Resolves when all that was accepted is answered and all sessions are closed. */
  close(): Promise<void>;
}

const unloaded = 'unloaded';

interface Entry {
  readonly source: ModelSource;
  name: string;
  version: string;
  state: ModelState['state'];
  reason?: string;
  model?: EdgeModel;
  /** Of its last loading, among all. */
  loadedAs: number;
}

/**
 * Loads all models.
 *
 * @throws {@link ModelError} when one is missing or damaged, or two are the same model; no session stays open.
 */
export async function createModelRepository({ sources, open }: ModelRepositoryOptions): Promise<ModelRepository> {
  const entries: Entry[] = [];
  let loads = 0;
  /** Loading and unloading, one after the other. */
  let last: Promise<unknown> = Promise.resolve();

  async function openEntry(entry: Pick<Entry, 'source'>, others: readonly Entry[]): Promise<EdgeModel> {
    const model = typeof entry.source === 'function' ? await entry.source() : entry.source;
    const { modelId, name } = model.manifest;
    const same = others.find(({ model: other }) => other?.model.manifest.modelId === modelId);
    if (same !== undefined) {
      throw new ModelError(`${same.name} and ${name} are the same model, ${modelId}: give one of them only`);
    }
    return open(model);
  }

  function put(entry: Entry, model: EdgeModel): void {
    const { name, modelId } = model.model.manifest;
    Object.assign(entry, { name, version: modelId, state: 'READY', model, loadedAs: ++loads });
    delete entry.reason;
  }

  function entriesOf(name: string): Entry[] {
    const found = entries.filter((entry) => entry.name === name);
    if (found.length > 0) return found;
    const known = [...new Set(entries.map((entry) => entry.name))].join(', ');
    throw new ModelError(`there is no model "${name}", this edge serves ${known}`);
  }

  const inTurn = (change: () => Promise<void>): Promise<void> => {
    const done = last.then(change);
    last = done.catch(() => undefined);
    return done;
  };

  function load(name: string): Promise<void> {
    return inTurn(async () => {
      for (const entry of entriesOf(name)) {
        const before = entry.model;
        const stateBefore = entry.state;
        entry.state = 'LOADING';
        try {
          put(
            entry,
            await openEntry(
              entry,
              entries.filter((other) => other !== entry),
            ),
          );
        } catch (error) {
          entry.state = before === undefined ? 'UNAVAILABLE' : stateBefore;
          entry.reason = error instanceof AecnnError ? error.message : 'it cannot be loaded; see the log';
          throw error;
        }
        await before?.close();
      }
    });
  }

  function unload(name: string): Promise<void> {
    return inTurn(async () => {
      await Promise.all(
        entriesOf(name).map(async (entry) => {
          const { model } = entry;
          if (model === undefined) return;
          delete entry.model;
          entry.state = 'UNLOADING';
          await model.close();
          entry.state = 'UNAVAILABLE';
          entry.reason = unloaded;
        }),
      );
    });
  }

  const ready = (): EdgeModel[] => entries.flatMap(({ model }) => model ?? []);

  function named(name: string, version?: string): EdgeModel {
    const found = entriesOf(name)
      .filter((entry) => entry.model !== undefined && (version === undefined || entry.version === version))
      .sort((a, b) => b.loadedAs - a.loadedAs);
    const [newest] = found;
    if (newest?.model !== undefined) return newest.model;
    const versions = entriesOf(name)
      .map((entry) => `${entry.version} (${entry.state})`)
      .join(', ');
    throw new ModelError(`model "${name}" has no ${version ?? 'version'} that answers; there are ${versions}`);
  }

  async function close(): Promise<void> {
    await last;
    await Promise.all(ready().map((model) => model.close()));
  }

  try {
    for (const source of sources) {
      const model = await openEntry({ source }, entries);
      const entry: Entry = { source, name: '', version: '', state: 'LOADING', loadedAs: 0 };
      put(entry, model);
      entries.push(entry);
    }
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
  return {
    ready,
    named,
    isReady: () =>
      ready().length > 0 && entries.every(({ model, reason }) => model !== undefined || reason === unloaded),
    states: () =>
      entries.map(({ name, version, state, reason }) => ({ name, version, state, ...(reason && { reason }) })),
    load,
    unload,
    close,
    [Symbol.asyncDispose]: close,
  };
}
