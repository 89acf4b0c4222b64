/** The paper's experiment: every configuration of a grid that has no result file yet, one after the other. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../../core/errors.ts';
import type { SplitPoint } from '../../../core/model/index.ts';
import type { Runtime } from '../../../runtime/session.ts';
import type { Dataset } from '../../datasets/index.ts';
import { atomicWriteFile, makeFolder } from '../../files/index.ts';
import type { FoldedConvolutions } from '../../networks/index.ts';
import { recipeHash } from '../../training/index.ts';
import { provenance } from '../provenance.ts';
import { resultText } from '../result-text.ts';
import { hasCurrentResult } from './current-result.ts';
import type { Configuration } from './grid.ts';
import { neededIds } from './needed-results.ts';
import { anySplit, type PaperContext, setOf } from './paper-context.ts';
import { openPaperFeatures } from './paper-features.ts';
import { type ProtocolChoices, paperParts } from './paper-parts.ts';
import type { PaperResult } from './paper-result.ts';
import type { PaperProtocol } from './protocol.ts';
import { runConfiguration } from './run-configuration.ts';
import { trainingVersionOf } from './training-versions.ts';

/** How a configuration stands. */
export interface ConfigurationState {
  readonly configuration: Configuration;
  /** Its result, if it is current: see `hasCurrentResult`. */
  readonly result?: PaperResult;
}

/** What to run, on what, and where the results go. */
export interface RunPaperOptions {
  readonly configurations: readonly Configuration[];
  /** All its samples: the protocol says how many are used. */
  readonly dataset: Dataset;
  readonly protocol: ProtocolChoices;
  /** Split points whose features are kept. */
  readonly splits: readonly SplitPoint[];
  readonly folded: FoldedConvolutions;
  readonly runtime: Runtime;
  readonly threads: number;
  readonly cacheFolder: string;
  readonly outFolder: string;
  /** The command line, for the results. */
  readonly command: string;
  readonly onStart?: (configuration: Configuration, done: number, total: number) => void;
  readonly onResult?: (result: PaperResult) => void;
  readonly onProgress?: (label: string, done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Picks configurations by comma-separated parts of their ids; all when `only` is absent. A whole id picks that one alone, though
 * other ids may begin with it.
 *
 * @throws {@link UsageError} when no id has a part.
 */
export function selectConfigurations(grid: readonly Configuration[], only: string | undefined): Configuration[] {
  if (only === undefined) return [...grid];
  const parts = only.split(',').map((part) => part.trim());
  for (const part of parts) {
    if (part === '' || !grid.some(({ id }) => id.includes(part))) {
      throw new UsageError(`--only ${only}: no configuration has "${part}" in its id; --dry-run lists them`);
    }
  }
  const isWhole = (part: string): boolean => grid.some(({ id }) => id === part);
  return grid.filter(({ id }) => parts.some((part) => (isWhole(part) ? id === part : id.includes(part))));
}

/** Reads a result; `undefined` when there is none, or one of another protocol. */
async function readResult(folder: string, id: string, protocol: PaperProtocol): Promise<PaperResult | undefined> {
  const text = await readFile(join(folder, `${id}.json`), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const result = JSON.parse(text) as PaperResult;
    return recipeHash(result.settings.protocol) === recipeHash(protocol) ? result : undefined;
  } catch {
    return undefined;
  }
}

/** Reads the results of a grid, by id. */
async function readResults(
  folder: string,
  grid: readonly Configuration[],
  protocol: PaperProtocol,
): Promise<ReadonlyMap<string, PaperResult>> {
  const read = await Promise.all(grid.map(({ id }) => readResult(folder, id, protocol)));
  return new Map(read.flatMap((result) => (result ? [[result.id, result]] : [])));
}

/**
 * Which configurations have a result in a folder.
 *
 * @param grid - All configurations: those that others rest on are found in it.
 */
export async function paperStates(
  configurations: readonly Configuration[],
  folder: string,
  protocol: PaperProtocol,
  grid: readonly Configuration[],
): Promise<ConfigurationState[]> {
  const results = await readResults(folder, grid, protocol);
  return configurations.map((configuration) => {
    const result = results.get(configuration.id);
    const isCurrent = hasCurrentResult(configuration, results, protocol, grid);
    return { configuration, ...(result && isCurrent ? { result } : {}) };
  });
}

/**
 * Runs what has no result yet, in the order of the grid, and what it rests on before it.
 *
 * @param grid - All configurations: those that others rest on are found in it.
 * @throws the signal's reason when aborted; what was computed is kept, down to the steps of a training.
 */
export async function runPaper(options: RunPaperOptions, grid: readonly Configuration[]): Promise<PaperResult[]> {
  const { outFolder, cacheFolder, folded, runtime, threads, splits, command, onStart, onResult } = options;
  const { onProgress, signal } = options;
  const { parts, protocol } = paperParts(options.dataset, options.protocol);
  const { dataset, fitted } = parts;
  await makeFolder(outFolder);
  const shared = {
    dataset,
    folded,
    runtime,
    cacheFolder,
    splits,
    ...(onProgress ? { onProgress } : {}),
    ...(signal ? { signal } : {}),
  };
  const features = { train: await openPaperFeatures(shared, 'train'), test: await openPaperFeatures(shared, 'test') };
  const teacherData = { ...dataset, train: parts.teacherSamples };
  // Where compressors see all pictures, these are the same features.
  const teacherFeatures =
    fitted === parts.teacherSamples.length
      ? features.train
      : await openPaperFeatures({ ...shared, dataset: teacherData, splits: ['conv5_x'] }, 'train', 'for the teacher');
  const teacherSet = setOf(
    teacherData,
    parts.teacherSamples.length,
    teacherFeatures === features.train ? features.train[anySplit(shared)] : teacherFeatures.conv5_x,
    dataset.seed,
  );
  const context: PaperContext = { ...shared, threads, protocol, fitted, teacherSet, features };
  const results = new Map<string, PaperResult>();

  const ensure = async (configuration: Configuration, done: number): Promise<PaperResult> => {
    const onDisk = await readResults(outFolder, grid, protocol);
    const known = results.get(configuration.id) ?? onDisk.get(configuration.id);
    if (known && (results.has(known.id) || hasCurrentResult(configuration, onDisk, protocol, grid))) {
      results.set(known.id, known);
      return known;
    }
    for (const id of neededIds(configuration, protocol)) {
      const needed = grid.find((other) => other.id === id);
      if (needed) await ensure(needed, done);
    }
    signal?.throwIfAborted();
    onStart?.(configuration, done, options.configurations.length);
    const circumstances = await provenance(command);
    const outcome = await runConfiguration(context, configuration, (id) => results.get(id));
    const trainingVersion = trainingVersionOf(configuration);
    const settings = {
      ...outcome.settings,
      protocol,
      threads,
      ...(trainingVersion === undefined ? {} : { trainingVersion }),
    };
    const result: PaperResult = { id: configuration.id, ...outcome, settings, provenance: circumstances };
    await atomicWriteFile(join(outFolder, `${configuration.id}.json`), resultText(result));
    results.set(result.id, result);
    onResult?.(result);
    return result;
  };

  try {
    const finished: PaperResult[] = [];
    for (const [done, configuration] of options.configurations.entries()) {
      finished.push(await ensure(configuration, done));
    }
    return finished;
  } finally {
    const opened = new Set(
      [features.train, features.test, teacherFeatures].flatMap((bySplit) => Object.values(bySplit)),
    );
    await Promise.all([...opened].map((cache) => cache.close()));
  }
}
