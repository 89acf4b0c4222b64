/**
 * The frequency tables of all latent elements in one run of memory, in the order in which a coder reads them: thousands of
 * small tables, each with arrays of its own, would miss the processor's caches at every symbol.
 */

import type { EntropyModel } from './entropy-model.ts';

/** Tables of a whole entropy model; each array but `starts` has one entry per element. */
export interface FlatTables {
  readonly minSymbols: Int16Array;
  readonly maxSymbols: Int16Array;
  /** Where in `starts` the element's table begins. */
  readonly places: Uint32Array;
  /** For each table: sum of the frequencies before each symbol, then 2^15. */
  readonly starts: Uint16Array;
}

const flattened = new WeakMap<EntropyModel, FlatTables>();

/** The tables of a model, flat; made once. */
export function flatTables(model: EntropyModel): FlatTables {
  const known = flattened.get(model);
  if (known) return known;
  const { tables } = model;
  const places = new Uint32Array(tables.length);
  let length = 0;
  for (const [element, table] of tables.entries()) {
    places[element] = length;
    length += table.starts.length;
  }
  const starts = new Uint16Array(length);
  for (const [element, table] of tables.entries()) starts.set(table.starts, places[element]);
  const flat = {
    minSymbols: Int16Array.from(tables, ({ minSymbol }) => minSymbol),
    maxSymbols: Int16Array.from(tables, ({ maxSymbol }) => maxSymbol),
    places,
    starts,
  };
  flattened.set(model, flat);
  return flat;
}
