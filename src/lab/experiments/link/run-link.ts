/**
 * The link experiment: every part that has no result file yet, one after the other.
 *
 * The twist: times are measured once. Part `models` keeps them in its file, and all others compute with those; a part whose
 * file names other models or times than that one is run again.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../../core/errors.ts';
import { atomicWriteFile, makeFolder } from '../../files/index.ts';
import { recipeHash } from '../../training/index.ts';
import { provenance } from '../provenance.ts';
import { resultText } from '../result-text.ts';
import { letSignalsIn } from './answers/answer-context.ts';
import type { TimesOptions } from './answers/answer-times.ts';
import type { LinkGrid } from './link-grid.ts';
import {
  type LinkPartName,
  type LinkProtocol,
  type LinkResult,
  type LinkSettings,
  linkPartNames,
  type UsedModel,
} from './link-result.ts';
import { linkParts } from './parts/link-parts.ts';
import type { LinkLab, LinkPart, PartContext } from './parts/part.ts';
import type { RecordedUplink } from './recorded-uplinks.ts';

/** What the results of some parts depend on, and where they are. */
export interface LinkExperiment {
  readonly parts: readonly LinkPartName[];
  readonly protocol: LinkProtocol;
  readonly grid: LinkGrid;
  readonly uplinks: readonly RecordedUplink[];
  readonly outFolder: string;
}

/** What to run. */
export interface RunLinkOptions extends LinkExperiment {
  /** Called once, when there is a part to run; times are measured anew where no result has any. */
  readonly open: (times: TimesOptions) => Promise<LinkLab>;
  /** The command line, for the results. */
  readonly command: string;
  readonly onStart?: (part: LinkPartName) => void;
  readonly onResult?: (result: LinkResult) => void;
  readonly onProgress?: (label: string, done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** How a part stands. */
export interface LinkPartState {
  readonly part: LinkPartName;
  /** Its result, if it was run like this. */
  readonly result?: LinkResult;
}

/**
 * Picks parts by comma-separated names; those that can be run when `only` is absent.
 *
 * @param hasUplinks - Whether there are recorded uplinks: without them one part cannot be run.
 * @throws {@link UsageError} for a name that is none, and for recorded uplinks that are asked for and not there.
 */
export function selectLinkParts(only: string | undefined, hasUplinks: boolean): LinkPartName[] {
  if (only === undefined) return linkPartNames.filter((name) => hasUplinks || name !== 'traces');
  const names = only.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !(linkPartNames as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--only ${only}: there is no part "${unknown}"; there are ${linkPartNames.join(', ')}`);
  }
  if (names.includes('traces') && !hasUplinks) {
    throw new UsageError('part traces is run over recorded uplinks: give --traces <folder with files *.up>');
  }
  return linkPartNames.filter((name) => names.includes(name));
}

/** Which parts have a result in the folder. */
export async function linkStates(experiment: LinkExperiment): Promise<LinkPartState[]> {
  const models = await readResult(experiment, 'models');
  return Promise.all(
    experiment.parts.map(async (part) => {
      const result = await readResult(experiment, part);
      return result && models && isSame(result.models, models.models) ? { part, result } : { part };
    }),
  );
}

/**
 * Runs what has no result yet.
 *
 * @returns the results of all parts that were asked for.
 * @throws the signal's reason when aborted; what was computed is kept.
 */
export async function runLink(options: RunLinkOptions): Promise<LinkResult[]> {
  const states = await linkStates(options);
  const known = states.flatMap(({ result }) => result ?? []);
  if (known.length === states.length) return known;
  await makeFolder(options.outFolder);
  const measured = await readResult(options, 'models');
  const lab = await options.open({ measureAnew: measured === undefined });
  try {
    const models = measured && hasModels(lab, measured) ? measured : await runPart(options, lab, 'models');
    const results: LinkResult[] = [];
    for (const { part, result } of states) {
      if (part === 'models') results.push(models);
      else if (result && isSame(result.models, models.models)) results.push(result);
      else results.push(await runPart(options, withTimes(lab, models.models), part));
    }
    return results;
  } finally {
    await lab.close();
  }
}

/** Whether a result is of the models that are there now. */
const hasModels = (lab: LinkLab, { models }: LinkResult): boolean =>
  isSame(
    models.map(({ modelId }) => modelId),
    usedModels(lab).map(({ modelId }) => modelId),
  );

/** Tables with the times that the experiment began with. */
const withTimes = (lab: LinkLab, models: readonly UsedModel[]): LinkLab => ({
  ...lab,
  tables: lab.tables.map((table, i) => ({ ...table, timesMs: models[i]?.timesMs ?? table.timesMs })),
});

const usedModels = ({ tables }: LinkLab): UsedModel[] =>
  tables.map(({ split, model, timesMs }) => ({ split, modelId: model.manifest.modelId, timesMs }));

async function runPart(options: RunLinkOptions, lab: LinkLab, name: LinkPartName): Promise<LinkResult> {
  const { outFolder, command, onStart, onResult } = options;
  options.signal?.throwIfAborted();
  onStart?.(name);
  const circumstances = await provenance(command);
  const startedAt = performance.now();
  const part: LinkPart<LinkPartName> = linkParts[name];
  const outcome = await part.run(contextOf(options, lab, name));
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const settings = settingsOf(options, name);
  const text = resultText({
    part: name,
    settings,
    models: usedModels(lab),
    provenance: circumstances,
    seconds,
    outcome,
  });
  await atomicWriteFile(pathOf(outFolder, name), text);
  // With the digits of the file, whether it was run now or read.
  const result = JSON.parse(text) as LinkResult;
  onResult?.(result);
  return result;
}

function contextOf(
  { grid, uplinks, onProgress, signal }: RunLinkOptions,
  lab: LinkLab,
  name: LinkPartName,
): PartContext {
  return {
    ...lab,
    grid,
    uplinks,
    async inTurn(items, compute) {
      const results = [];
      for (const [done, item] of items.entries()) {
        await letSignalsIn();
        signal?.throwIfAborted();
        onProgress?.(name, done, items.length);
        results.push(await compute(item));
      }
      onProgress?.(name, items.length, items.length);
      return results;
    },
  };
}

function settingsOf({ protocol, grid, uplinks }: LinkExperiment, name: LinkPartName): LinkSettings {
  return {
    protocol,
    grid: Object.fromEntries(linkParts[name].reads.map((key) => [key, grid[key]])),
    ...(name === 'traces' && {
      traces: Object.fromEntries(uplinks.map(({ name: uplink, sha256 }) => [uplink, sha256])),
    }),
  };
}

/** Reads a result; `undefined` when there is none, or one of other settings. */
async function readResult(experiment: LinkExperiment, name: LinkPartName): Promise<LinkResult | undefined> {
  const text = await readFile(pathOf(experiment.outFolder, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const result = JSON.parse(text) as LinkResult;
    return isSame(result.settings, settingsOf(experiment, name)) ? result : undefined;
  } catch {
    // A damaged file costs its part, not the experiment.
    return undefined;
  }
}

const pathOf = (folder: string, name: LinkPartName): string => join(folder, `${name}.json`);

const isSame = (a: unknown, b: unknown): boolean => recipeHash(a) === recipeHash(b);
