/** What both ends share, as the package `aecnn/core` shows it: tensors, pictures' geometry, codec, frames, models, errors. */

export * from './codec/index.ts';
export * from './errors.ts';
export * from './image/index.ts';
export * from './model/index.ts';
export * from './tensor/index.ts';
export * from './wire/index.ts';
