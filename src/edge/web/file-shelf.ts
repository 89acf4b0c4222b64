/** Files of models, read and verified once, however many devices fetch them. */

import type { SplitModel } from '../../core/model/index.ts';

/** Makes a shelf; what is on it is given up with its model. */
export function createFileShelf(): (model: SplitModel, name: string) => Promise<Uint8Array> {
  const shelves = new WeakMap<SplitModel, Map<string, Promise<Uint8Array>>>();
  return (model, name) => {
    const shelf = shelves.get(model) ?? new Map<string, Promise<Uint8Array>>();
    shelves.set(model, shelf);
    const known = shelf.get(name);
    if (known !== undefined) return known;
    const reading = model.readBytes(name);
    shelf.set(name, reading);
    // What could not be read is tried again.
    reading.catch(() => shelf.delete(name));
    return reading;
  };
}
