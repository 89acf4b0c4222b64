/** What an edge says about itself and its models, in the words of the Open Inference Protocol v2. */

import { readFileSync } from 'node:fs';
import type { Manifest } from '../core/model/index.ts';
import { inputName } from './oip/infer-schema.ts';

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
  return { name: 'aecnn', version, extensions: ['binary_tensor_data', 'model_repository'] };
}

/** Describes one model: a frame in; logits, the likeliest labels and the number of chunks that they rest on out. */
export function modelMetadata({ name, classes }: Manifest, versions: readonly string[]): ModelMetadata {
  return {
    name,
    versions,
    platform: 'aecnn_split_model',
    inputs: [{ name: inputName, datatype: 'UINT8', shape: [-1] }],
    outputs: [
      { name: 'logits', datatype: 'FP32', shape: [1, classes.length] },
      { name: 'labels', datatype: 'BYTES', shape: [1, -1] },
      { name: 'probabilities', datatype: 'FP32', shape: [1, -1] },
      { name: 'chunks_decoded', datatype: 'INT32', shape: [1, 1] },
    ],
  };
}
