/** What both ends share, the package's `aecnn/core`: tensors, pictures' geometry, codec, frames, links, models, errors. */

export * from './clock.ts';
export * from './codec/index.ts';
export * from './errors.ts';
export * from './image/index.ts';
export * from './link/index.ts';
export * from './model/index.ts';
export * from './tensor/index.ts';
export * from './wire/index.ts';
