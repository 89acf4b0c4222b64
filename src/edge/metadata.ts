/** What an edge says about itself and its models, in the words of the Open Inference Protocol v2. */

import { readFileSync } from 'node:fs';
import type { Manifest } from '../core/model/index.ts';

/** One tensor of a model, as the protocol describes it; -1 is any size. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** Answer to `GET /v2`. */
export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

/** Answer to `GET /v2/models/{name}`. */
export interface ModelMetadata {
  readonly name: string;
  /** A split model's version is its model id. */
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** Describes this server. */
export function serverMetadata(): ServerMetadata {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version }: { version: string } = JSON.parse(text);
  return { name: 'aecnn', version, extensions: [] };
}

/** Describes one model: a frame in; out comes the response of docs/wire-format.md, one JSON text with the likeliest labels. */
export function modelMetadata({ name, modelId }: Manifest): ModelMetadata {
  return {
    name,
    versions: [modelId],
    platform: 'aecnn_split_model',
    inputs: [{ name: 'frame', datatype: 'UINT8', shape: [-1] }],
    outputs: [{ name: 'response', datatype: 'BYTES', shape: [1] }],
  };
}
