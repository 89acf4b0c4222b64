/** What a part of the link experiment is, and what it works with. */

import { createLinkModel, type LinkModel } from '../../../../core/link/index.ts';
import type { SplitModel, SplitPoint } from '../../../../core/model/index.ts';
import type { AnswerTimes } from '../answers/answer-times.ts';
import type { PictureAnswers } from '../answers/prefix-answers.ts';
import type { LinkGrid } from '../link-grid.ts';
import type { LinkOutcomes, LinkPartName } from '../link-result.ts';
import type { RecordedUplink } from '../recorded-uplinks.ts';
import type { PictureSource } from '../simulate-methods.ts';

/** A split model with all that is answered to the simulated pictures. */
export interface LinkTable {
  readonly split: SplitPoint;
  readonly model: SplitModel;
  /** Multiply-accumulates of the device for one picture, in thousands of millions. */
  readonly deviceGmac: number;
  readonly pictures: readonly PictureAnswers[];
  readonly timesMs: AnswerTimes;
}

/** What parts look up instead of running networks. */
export interface LinkLab {
  /** One for each split point, of the same pictures; at least one. */
  readonly tables: readonly LinkTable[];
  /** Those pictures through codecs, answered by the network of {@link mainTable}; times are those of this machine. */
  readonly pictures: PictureSource;
  close(): Promise<void>;
}

/** What a part is run with. */
export interface PartContext extends Omit<LinkLab, 'close'> {
  readonly grid: LinkGrid;
  readonly uplinks: readonly RecordedUplink[];
  /** Does one thing after the other, says how far it is, and gives signals a turn in between. */
  inTurn<Item, Result>(items: readonly Item[], compute: (item: Item) => Promise<Result>): Promise<Result[]>;
}

/** One part. */
export interface LinkPart<Name extends LinkPartName> {
  /** The choices of the grid that its result depends on. */
  readonly reads: readonly (keyof LinkGrid)[];
  run(context: PartContext): Promise<LinkOutcomes[Name]>;
}

/** The table of conv4_x, or the last one where that takes no part: where one split point must stand for all. */
export function mainTable(tables: readonly LinkTable[]): LinkTable {
  const main = tables.find(({ split }) => split === 'conv4_x') ?? tables.at(-1);
  if (main === undefined) throw new RangeError('tables must hold one table at least');
  return main;
}

/** A fixed link with the round trip of the grid. */
export const fixedLink = (rateBitsPerSecond: number, { roundTripMs }: LinkGrid): LinkModel =>
  createLinkModel({ kind: 'fixed', rateBitsPerSecond, roundTripMs }, () => '');

/** Every pair of two lists, the first list's first thing with all of the second one's first. */
export const pairs = <A, B>(first: readonly A[], second: readonly B[]): (readonly [A, B])[] =>
  first.flatMap((a) => second.map((b) => [a, b] as const));

/** Cuts a list into pieces of a length. */
export const pieces = <Item>(items: readonly Item[], length: number): Item[][] =>
  Array.from({ length: items.length / length }, (_, i) => items.slice(i * length, (i + 1) * length));
