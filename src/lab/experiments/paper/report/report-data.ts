/**
 * The result files of the paper's experiment as the documents need them: which there should be, and each measure beside
 * the uncompressed network of its own run, over all seeds that were run.
 */

import { isDeepStrictEqual } from 'node:util';
import { type SplitPoint, splitPoints } from '../../../../core/model/index.ts';
import { type VariationName, variations } from '../aecnn/variations.ts';
import { hasCurrentResult } from '../current-result.ts';
import { paperGrid } from '../grid.ts';
import { byteSizes, type FrameBytes, type FrameSize, type PaperResult, type TestMeasure } from '../paper-result.ts';
import { budgetBytes, type PaperProtocol } from '../protocol.ts';
import { type Difference, pairedDifference } from './bootstrap.ts';

/** What is run at every split point and size. */
export type Family = 'aecnn' | 'bottlenet' | 'bottlenet-distilled' | 'bottlenet-erasure';

/** Sizes that every split point and method has. */
export const frameSizes: readonly FrameSize[] = ['256x', 'packet'];

/** Every split point with every size, in the order of the tables. */
export const splitSizes: readonly { readonly split: SplitPoint; readonly size: FrameSize }[] = splitPoints.flatMap(
  (split) => frameSizes.map((size) => ({ split, size })),
);

/** Id of one configuration: `aecnn-conv4x-packet-seed0`. */
export const configurationId = (family: string, split: SplitPoint, size: FrameSize, seed: number): string =>
  `${family}-${split.replace('_', '')}-${size}-seed${seed}`;

/** All sizes of AECNN's frames, largest first at the split point that has them all. */
const aecnnSizes: readonly FrameSize[] = ['256x', 'packet', ...byteSizes];

/** Every split point with every size that AECNN is run at: the small ones are compared with pictures alone. */
export const aecnnSplitSizes: typeof splitSizes = splitPoints.flatMap((split) =>
  aecnnSizes
    .filter((size) => paperGrid().some(({ id }) => id === configurationId('aecnn', split, size, 0)))
    .map((size) => ({ split, size })),
);

/** A size in words. */
export const sizeText = (size: FrameSize): string => (size === '256x' || size === 'packet' ? size : `${size} bytes`);

/** Split point of the rows with several seeds and of the ablations. */
export const mainSplit: SplitPoint = 'conv4_x';

/** Seeds of the rows at {@link mainSplit}; all others have the first. */
export const seeds: readonly number[] = [0, 1, 2];

/** Names of the ablations, in the order of the table. */
export const variationNames = Object.keys(variations) as readonly VariationName[];

/** Name of the measure that stands for AECNN unless something else is said. */
export const mainMeasure = 'tail frozen, entropy coded';

/** The same with the tail's last stage trained. */
export const fineTunedMeasure = 'tail fine-tuned, entropy coded';

/** Id of an ablation. */
export const ablationId = (name: VariationName, seed = 0): string =>
  configurationId(`ablation-${name}`, mainSplit, 'packet', seed);

/** Ids of all configurations that the documents speak of. */
export const expectedIds: readonly string[] = paperGrid().map(({ id }) => id);

/** All result files of a folder, by id. */
export type PaperResults = ReadonlyMap<string, PaperResult>;

/**
 * Results by their ids.
 *
 * @throws RangeError when two of them were run with different protocols: they cannot stand in one table.
 */
export function paperResults(results: readonly PaperResult[]): PaperResults {
  const [first] = results;
  const other = results.find((result) => !isDeepStrictEqual(result.settings.protocol, first?.settings.protocol));
  if (first && other) {
    throw new RangeError(
      `${first.id}.json and ${other.id}.json were run with different protocols (settings.protocol): ` +
        'keep the results of one protocol in a folder and the others elsewhere',
    );
  }
  return new Map(results.map((result) => [result.id, result]));
}

/** Ids of results that a run of today would replace. */
export function outdatedIds(results: PaperResults): readonly string[] {
  const protocol = protocolOf(results);
  if (protocol === undefined) return [];
  const grid = paperGrid();
  return grid
    .filter((configuration) => results.has(configuration.id))
    .filter((configuration) => !hasCurrentResult(configuration, results, protocol, grid))
    .map(({ id }) => id);
}

/** Whether one of these measures rests on a result that a run of today would replace. */
export function isOutdated(results: PaperResults, ...measured: readonly (Measured | undefined)[]): boolean {
  const outdated = outdatedIds(results);
  return measured.some((one) => one?.ids.some((id) => outdated.includes(id)));
}

/** Ids of the grid without a result that a target rests on: those of a method's main rows at a split point and size. */
export function missingAt(
  results: PaperResults,
  methods: readonly ('aecnn' | 'bottlenet')[],
  split: SplitPoint,
  size: FrameSize,
): readonly string[] {
  return paperGrid().flatMap((one) => {
    if (one.method !== 'aecnn' && one.method !== 'bottlenet') return [];
    const isMain = one.method === 'aecnn' ? one.variation === undefined : one.erasureProbability === undefined;
    const isThere = results.has(one.id);
    return isMain && !isThere && methods.includes(one.method) && one.split === split && one.size === size
      ? [one.id]
      : [];
  });
}

/** What all results were run with; nothing when there are none. */
export function protocolOf(results: PaperResults): PaperProtocol | undefined {
  const [first] = results.values();
  return first?.settings.protocol as PaperProtocol | undefined;
}

/** One measure of one configuration, over the seeds that it was run with. */
export interface Measured {
  readonly family: string;
  /** Of the results that it is read from. */
  readonly ids: readonly string[];
  readonly name: string;
  readonly seeds: readonly { readonly seed: number; readonly measure: TestMeasure; readonly loss: number }[];
  /** Means over the seeds, 0 to 1; `loss` is below the uncompressed network of the same seed, negative when above. */
  readonly accuracy: number;
  readonly loss: number;
  /** Mean of the means, largest of all frames. */
  readonly bytes: FrameBytes;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Test accuracy of the uncompressed network of a seed, from its own file or from one that was run with it. */
export function uncompressedAccuracy(results: PaperResults, seed: number): number | undefined {
  const [own] = results.get(`uncompressed-seed${seed}`)?.test ?? [];
  if (own) return own.accuracy;
  const noted = [...results.values()].find((result) => result.seed === seed && uncompressedNote(result) !== undefined);
  return noted && uncompressedNote(noted);
}

const uncompressedNote = ({ notes: { uncompressedAccuracy: noted } }: PaperResult): number | undefined =>
  typeof noted === 'number' ? noted : undefined;

/**
 * Looks up one measure.
 *
 * @param idOf - Id of the configuration with a seed.
 * @param among - Seeds to look for.
 * @returns Nothing when no seed has such a measure, or its uncompressed network is not known.
 */
export function measuredOf(
  results: PaperResults,
  idOf: (seed: number) => string,
  name: string,
  among: readonly number[] = seeds,
): Measured | undefined {
  const found = among.flatMap((seed) => {
    const result = results.get(idOf(seed));
    const measure = result?.test.find((one) => one.name === name);
    const uncompressed = result && (uncompressedNote(result) ?? uncompressedAccuracy(results, seed));
    if (measure === undefined || uncompressed === undefined) return [];
    return [{ seed, measure, loss: uncompressed - measure.accuracy }];
  });
  if (found.length === 0) return undefined;
  return {
    family: idOf(0).replace(/-conv\dx-.*|-seed\d+$/, ''),
    ids: found.map(({ seed }) => idOf(seed)),
    name,
    seeds: found,
    accuracy: mean(found.map(({ measure }) => measure.accuracy)),
    loss: mean(found.map(({ loss }) => loss)),
    bytes: {
      mean: mean(found.map(({ measure }) => measure.bytes.mean)),
      max: Math.max(...found.map(({ measure }) => measure.bytes.max)),
    },
  };
}

/** One measure of a method at a split point and size. */
export const measuredAt = (
  results: PaperResults,
  family: Family,
  split: SplitPoint,
  size: FrameSize,
  name: string = mainMeasure,
): Measured | undefined => measuredOf(results, (seed) => configurationId(family, split, size, seed), name);

/** The uncompressed network, over the seeds that it has a file of its own for. */
export const uncompressedMeasure = (results: PaperResults): Measured | undefined =>
  measuredOf(results, (seed) => `uncompressed-seed${seed}`, 'float32 feature map');

/** Accuracy of one measure less that of another over the seeds that both have; nothing when they share none. */
export function differenceOf(ours: Measured, theirs: Measured): Difference | undefined {
  const pairs = ours.seeds.flatMap(({ seed, measure }) => {
    const other = theirs.seeds.find((one) => one.seed === seed);
    return other ? [{ ours: measure.right, theirs: other.measure.right }] : [];
  });
  return pairs.length === 0 ? undefined : pairedDifference(pairs);
}

/** Every column of BottleNet++ at a split point and size: phases, codings, with and without distillation; no erasures. */
export function bottlenetColumns(results: PaperResults, split: SplitPoint, size: FrameSize): readonly Measured[] {
  return (['bottlenet', 'bottlenet-distilled'] as const).flatMap((family) => {
    const { test = [] } = results.get(configurationId(family, split, size, 0)) ?? {};
    return test.flatMap(({ name }) => measuredAt(results, family, split, size, name) ?? []);
  });
}

/**
 * The column of BottleNet++ that loses least on the test part within the size, over the seeds that all columns have: a gift to
 * the baseline, as its rivals have to choose before they see that part.
 * Its bytes are raw bits, as its paper sends them.
 */
export function bestBottlenet(results: PaperResults, split: SplitPoint, size: FrameSize): Measured | undefined {
  const columns = bottlenetColumns(results, split, size).filter(({ name }) => name.endsWith('raw bits'));
  const common = seeds.filter((seed) => columns.every((column) => column.seeds.some((one) => one.seed === seed)));
  const lossOf = (column: Measured): number =>
    mean(column.seeds.filter(({ seed }) => common.length === 0 || common.includes(seed)).map(({ loss }) => loss));
  const [best] = [...columns].sort((a, b) => lossOf(a) - lossOf(b) || a.bytes.mean - b.bytes.mean);
  return best;
}

/** Whether frames keep to their size: the mean to a 256th of the map, every one to a packet. */
export const fitsSize = (split: SplitPoint, size: FrameSize, bytes: FrameBytes): boolean =>
  (size === 'packet' ? bytes.max : bytes.mean) <= budgetBytes(split, size);
